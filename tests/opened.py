"""A draft link, and everything that it opens."""

import base64
import urllib.error
import urllib.request
from dataclasses import dataclass

from django.test import Client

from drafts.models import DraftLink


@dataclass
class Link:
    """A draft link and everything that it opens."""

    row: DraftLink
    token: str

    @property
    def paths(self) -> list[str]:
        """Every address under the token, for people and for installers."""
        files = [f"files/{file.handle}/{file.filename}" for file in self.row.draft.files.live()]
        names = ["", "simple/", "simple/sampleproject/", "only/simple/", "only/simple/sampleproject/"]
        names += ["all/simple/", "all/simple/sampleproject/"]
        under = [*names, "requirements.txt", *files, *(f"{path}.metadata" for path in files)]
        return [f"/draft/{self.token}/{path}" for path in under]

    @property
    def basic(self) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"draft:{self.token}".encode()).decode()}

    def statuses(self) -> set[int]:
        """What all addresses answer, path form and Basic form, GET and HEAD."""
        path = [Client().get(one) for one in self.paths]
        path += [Client().head(one) for one in self.paths]
        headless = [one.replace(f"/{self.token}", "") for one in self.paths[1:]]
        basic = [Client().get(one, headers=self.basic) for one in headless]
        return set(map(arrived, [*path, *basic]))


def drained(response):
    """The answer, its file closed."""
    if response.streaming:
        list(response.streaming_content)
    return response


def arrived(response) -> int:
    """The status at the end of the way: of the answer, or of the store's where that has the bytes."""
    if response.status_code == 302 and response["Location"].startswith(("http://127.", "https://127.")):
        try:
            with urllib.request.urlopen(response["Location"], timeout=30) as there:
                return there.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
    return drained(response).status_code
