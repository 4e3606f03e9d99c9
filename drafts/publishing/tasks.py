"""What workers do for publishing."""

from celery import shared_task

from drafts.models import Kind, jobs
from drafts.publishing import edge, flip, lookback, ready, schedule, windows
from drafts.publishing.orders import give
from drafts.publishing.orders import job as order
from drafts.publishing.receipt import job as receipt
from drafts.publishing.targets import check
from drafts.publishing.train import flip as train


@shared_task(name=Kind.PUBLISH)
def publish(job_id: int) -> None:
    """Finish a publish that a maintainer decided; done once however often it is rung."""
    jobs.run(job_id, flip.work)


@shared_task(name=Kind.RECEIPT)
def sign_receipt(job_id: int) -> None:
    """Sign the receipt of a published draft; done once however often it is rung."""
    jobs.run(job_id, receipt.work)


@shared_task(name=Kind.SCHEDULED)
def publish_scheduled(job_id: int) -> None:
    """Begin, or cancel, a publish whose time has come; done once however often it is rung."""
    jobs.run(job_id, schedule.work)


@shared_task(name=Kind.WINDOWS)
def render_windows(job_id: int) -> None:
    """Render a project's page when the window of a release ended; done once however often it is rung."""
    jobs.run(job_id, windows.work)


@shared_task(name=Kind.READY)
def ask_whether_ready(job_id: int) -> None:
    """Tell people that a draft waits for them, once for the same files."""
    jobs.run(job_id, ready.work)


@shared_task(name=Kind.EDGE)
def tell_edge(job_id: int) -> None:
    """Have caches forget what changed, and keep copies in quarantine out of sight; done once however often it is rung."""
    jobs.run(job_id, edge.work)


@shared_task(name=Kind.TRAIN)
def publish_train(job_id: int) -> None:
    """Finish a train that was decided to be published; done once however often it is rung."""
    jobs.run(job_id, train.work)


@shared_task(name=Kind.CHECK_TARGET)
def check_target(job_id: int) -> None:
    """Look what an upstream index lists of a project."""
    jobs.run(job_id, check.work)


@shared_task(name=Kind.LOOK_BACK)
def look_back(job_id: int) -> None:
    """Fetch what was published through its public addresses, and compare."""
    jobs.run(job_id, lookback.work)


@shared_task(name=Kind.ORDER)
def follow_order(job_id: int) -> None:
    """Ask whether a project's standing order publishes a draft; done once however often it is rung."""
    jobs.run(job_id, order.work)


@shared_task(name=Kind.ORDER_TERMS)
def hold_order_to_terms(job_id: int) -> None:
    """End a standing order whose terms changed; done once however often it is rung."""
    jobs.run(job_id, give.hold_to_terms)
