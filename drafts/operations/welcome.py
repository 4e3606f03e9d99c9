"""What the person who started the server reads once it serves."""

from collections.abc import Iterator

from django.conf import settings

from accounts import people
from accounts.models import User
from drafts.models import Project
from drafts.operations import sample
from drafts.operations.sample_files import NAME


def lines(*, with_sample: bool) -> list[str]:
    """Return how to get in; makes the sample project first where the index is empty and ``with_sample`` is true."""
    made = sample.make() if with_sample and sample.is_wanted() else None
    return list(_lines(made))


def _lines(made: sample.Made | None) -> Iterator[str]:
    url = settings.PRESSCHECK_URL
    owner = User.objects.filter(email=sample.OWNER).first()
    if owner is None and not User.objects.exists():
        yield "  There are no people yet: python manage.py adduser EMAIL, then createproject NAME --owner EMAIL"
    elif owner is not None and not owner.is_enrolled:
        yield f"  Sign in, once, within 15 minutes, on this machine:  {url}/welcome/{people.invite(owner)}/"
    if made is not None:
        yield f"  Upload token of {NAME}, shown this once:  {made.token}"
    if Project.objects.filter(name=NAME).exists():
        token = made.token if made else "TOKEN"
        yield ""
        yield f"  Stage:    twine upload --repository-url {url}/legacy/ -u __token__ -p {token} dist/*"
        yield f"  Install:  pip install --index-url {url}/simple/ {NAME}"
        yield f"  Review:   {url}/projects/{NAME}/drafts/{sample.DRAFT}/"
    yield ""
    yield f"  Data in {settings.DATA_DIR}. Ctrl-C stops everything."
