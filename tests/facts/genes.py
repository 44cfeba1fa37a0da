"""Raw genetic data."""

from manifest import Comparison, Facts, Found

from facts.comparing import Comparisons, held, same, unkept


def genetics(found: Found, facts: Facts) -> Comparisons:
    remarks = {one["code"]: one["text"] for one in found.upload.report["remarks"]}
    variants, no_calls, kept = (
        int(part.split()[0].replace(",", "")) for part in remarks["variants_read"].split(", ")
    )
    rows = [line for line in found.path.read_text().splitlines() if line.strip() and line[0] != "#"]
    rows = [line for line in rows if not line.lower().lstrip('"').startswith(("rsid", "# rsid"))]
    yield Comparison("variants in the file", len(rows), variants)
    yield from same(facts, variants=variants, no_calls=no_calls, kept=kept)
    if "build" in facts:
        yield Comparison("build", True, remarks["genome_build"].endswith(f"build {facts['build']}"))
    yield Comparison("kept as records", kept, len(found.records))
    yield from unkept(
        facts, "first", "last", "by_chromosome", "haploid", "indel", "internal_i_ids", "duplicate_ids"
    )
    if not kept and not found.upload.report["problems"]:
        yield Comparison("status", "stored", found.upload.status)
    yield held(facts.get("kept", 0), found)
