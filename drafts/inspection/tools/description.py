"""Descriptions as HTML: readme_renderer renders, nh3 sanitises, and nothing of it can fetch, script or jump away."""

import unicodedata
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

import nh3

_TAGS = {
    "a", "abbr", "acronym", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details", "dl", "dt", "em",
    "h3", "h4", "h5", "h6", "hr", "i", "kbd", "li", "ol", "p", "pre", "span", "strong", "sub", "summary", "sup", "table", "tbody",
    "td", "th", "thead", "tr", "tt", "ul", "var",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"id"}, "a": {"href", "title"}, "abbr": {"title"}, "acronym": {"title"}, "ol": {"start"},
    "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"},
}  # fmt: skip
_REWRITTEN = {"img", "h1", "h2"}
_IMAGE = {"img": {"src", "alt"}}
_VOID = {"br", "hr"}
_PREFIX = "d-"
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_LOWEST = 6
_DOWN = 2  # the page has headings of its own above


def render(text: str, content_type: str) -> str | None:
    """Return a description as HTML that is safe in a page of ours; None where its markup does not render."""
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower() or "text/x-rst"
    rendered = _rendered(kind, "commonmark" in parameters.lower(), text)
    return None if rendered is None else safe(rendered)


def plain(text: str) -> str:
    """Return a description that does not render as the text that it is."""
    return f"<pre>{escape(_spelled(text))}</pre>"


def _rendered(kind: str, is_common: bool, text: str) -> str | None:  # noqa: FBT001
    if kind == "text/markdown":
        from readme_renderer import markdown

        return markdown.render(text, variant="CommonMark" if is_common else "GFM")
    if kind == "text/x-rst":
        import io

        from readme_renderer import rst

        return rst.render(text, stream=io.StringIO())
    return plain(text) if kind == "text/plain" else None


def safe(html: str) -> str:
    """Return HTML with the least that a description needs: no images, classes, forms, and links that tell nobody.

    Images become links, headings move down, ids and the links to them get a prefix, hidden characters are spelled out.
    """
    rewriter = _Rewriter()
    rewriter.feed(nh3.clean(html, tags=_TAGS | _REWRITTEN, attributes=_ATTRIBUTES | _IMAGE))
    rewriter.close()
    return nh3.clean(
        "".join(rewriter.parts),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        url_relative=lambda url: f"#{_PREFIX}{url[1:]}" if url.startswith("#") else None,
        link_rel="nofollow noopener noreferrer",
        id_prefix=_PREFIX,
    )


class _Rewriter(HTMLParser):
    """Walks sanitised HTML, and writes it again."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._in_link = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag == "img":
            self._image(dict(attrs))
            return
        self._in_link += tag == "a"
        written = "".join(f' {name}="{escape(value or "")}"' for name, value in attrs)
        self.parts.append(f"<{_lower(tag)}{written}>")

    def handle_endtag(self, tag: str) -> None:
        self._in_link -= tag == "a"
        if (
            tag == "a" and self.parts and self.parts[-1].startswith("<a")
        ):  # nothing to press; its id may be a target
            self.parts[-1] = self.parts[-1].replace("<a", "<span", 1)
            tag = "span"
        if tag not in _VOID:
            self.parts.append(f"</{_lower(tag)}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(escape(_spelled(data)))

    def _image(self, attrs: dict[str, str | None]) -> None:
        """Write an image as a link to it: no request leaves the page."""
        words = f"[image: {_spelled((attrs.get('alt') or '').strip()) or 'no description'}]"
        source = attrs.get("src") or ""
        if self._in_link or not source.startswith(("http://", "https://")):
            self.parts.append(escape(words))
        else:
            self.parts.append(f'<a href="{escape(source)}">{escape(words)}</a>')


def _lower(tag: str) -> str:
    if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():  # noqa: PLR2004  h1 to h6
        return f"h{min(int(tag[1]) + _DOWN, _LOWEST)}"
    return tag


def _spelled(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"⟨U+{ord(char):04X}⟩" if unicodedata.category(char) in _HIDDEN and char not in "\n\t\r" else char
        for char in text
    )
