"""One object as it is handed out: where it lies, the name it is saved under, its public id once it has one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """An object of the store: its id and its name there, the name it is saved under, and, when published, its public id."""

    object_id: str
    stored_as: str
    filename: str
    public_id: str = ""

    @property
    def content_type(self) -> str:
        """Return the media type (RFC 9110, section 8.3)."""
        if self.filename.endswith(".metadata"):
            return "text/plain; charset=utf-8"
        return "application/gzip" if self.filename.endswith(".tar.gz") else "application/zip"

    @property
    def content_disposition(self) -> str:
        """Return what makes browsers save it and not show it (RFC 6266)."""
        return f'attachment; filename="{self.filename}"'
