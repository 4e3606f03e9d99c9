"""The forms that are recognised, in the order in which a line is offered to them."""

from drafts.evidence.logs import installers, one_line, sidecars, structured, tables, two_lines, windows
from drafts.evidence.logs.logged import Form

# Forms that know more about a line stand before those that know less; the first that takes it keeps it.
FORMS = (
    Form("coreutils", one_line.coreutils),
    Form("tagged", one_line.tagged, keywords=(")= ", ") = ")),
    Form("json", structured.json_line, keywords=('"messageDigest"', '"payload"', '"statement"')),
    Form("base64", structured.base64_payload, keywords=structured.PAYLOAD_KEYWORDS),
    Form("certutil", windows.certutil, keywords=("hash of ",)),
    Form("get-filehash", windows.file_hash_table),
    Form("get-filehash-list", windows.file_hash_list),
    Form("pip-hash", two_lines.pip_hash),
    Form("pip-mismatch", installers.pip_got),
    Form("uv-mismatch", installers.uv_computed),
    Form("sidecar", sidecars.sidecar),
    Form("url", one_line.url_fragments),
    Form("digest-below-name", two_lines.digest_below_name),
    Form("table-row", tables.row_over_lines),
    Form("toml-table", tables.toml_table),
    Form("json-lines", structured.json_over_lines),
    Form("print-hash", two_lines.labelled_below_name),
    Form("beside-a-name", one_line.beside_a_name),
    Form("lone-digest", one_line.lone_digest),
)
