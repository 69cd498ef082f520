"""From the benchmark's rows to its tables: rates with 95 % Wilson intervals, kinds, sizes, worst pictures, peers."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from scripts.bench.watermark_attacks import HARD, STANDARD
from scripts.bench.watermark_measures import bootstrap_mean, rate_cells, table
from scripts.bench.watermark_runs import Row

_CLOCKS: Final = ("embed_ms", "found_ms", "miss_ms")
_SIZES: Final = ((0, 400), (401, 640), (641, 1024), (1025, 1e9))
_WORST: Final = 12


def summarise(rows: Sequence[Row], attacks: Sequence[str], peered: Sequence[str]) -> Row:
    """Everything that `render` prints, as JSON. `peered` are the pictures on which all schemes are compared."""
    ours = [row for row in rows if row["scheme"] == "lattice"]
    summary: Row = {"lattice": of_scheme(ours, attacks), "kinds": {}, "sizes": {}}
    for kind in sorted({row["kind"] for row in ours}):
        summary["kinds"][kind] = of_scheme([row for row in ours if row["kind"] == kind], attacks)
    for low, high in _SIZES:
        sized = [row for row in ours if low <= max(row["size"]) <= high]
        if sized:
            summary["sizes"][f"{low}-{int(high)} px" if high < 1e9 else f"from {low} px"] = of_scheme(sized, attacks)
    summary["refusals"] = {row["picture"]: row["refused"] for row in ours if "refused" in row}
    summary["worst"] = _worst(ours)
    if peered:
        names = list(dict.fromkeys(row["scheme"] for row in rows))
        same = [row for row in rows if row["picture"] in set(peered)]
        summary["peers"] = {name: of_scheme([row for row in same if row["scheme"] == name], attacks) for name in names}
    return summary


def of_scheme(rows: Sequence[Row], attacks: Sequence[str]) -> Row:
    """One scheme on some pictures. `exact`: attack -> [hits, marked pictures it was tried on, declined pictures]."""
    marked = [row for row in rows if "refused" not in row]
    lost = [attack for row in rows for attack in row.get("lost", ())]
    exact = {
        attack: [
            sum(row["exact"].get(attack, 0) for row in marked),
            sum(attack in row["exact"] for row in marked),
            lost.count(attack),
        ]
        for attack in attacks
    }
    summary: Row = {"pictures": len(rows), "refused": len(rows) - len(marked), "exact": exact}
    for name, group in (("standard", STANDARD), ("hard", HARD)):
        counted = [exact[attack] for attack in attacks if attack in group and exact[attack][1]]
        if counted:
            summary[f"{name}_mean"] = statistics.fmean(hits / of for hits, of, _ in counted)
            summary[f"{name}_least"] = min(hits / of for hits, of, _ in counted)
            summary[f"{name}_mean_refused_lost"] = statistics.fmean(h / (of + gone) for h, of, gone in counted)
    if marked:
        summary |= _quality(marked)
    return summary


def _quality(marked: Sequence[Row]) -> Row:
    detections = sum(len(row["exact"]) for row in marked)
    means = [statistics.fmean(row["exact"].values()) for row in marked if row["exact"]]
    return {
        "payload_bits": marked[0]["payload_bits"],
        "check_bits": marked[0]["check_bits"],
        "psnr_mean": statistics.fmean(row["psnr"] for row in marked),
        "psnr_min": min(row["psnr"] for row in marked),
        "ssim_mean": statistics.fmean(row["ssim"] for row in marked),
        "ssim_min": min(row["ssim"] for row in marked),
        "wrong": sum(row["wrong"] for row in marked),
        "detections": detections,
        "answers_on_unmarked": sum(row["unmarked_answer"] for row in marked),
        "all_attacks_interval": bootstrap_mean(means, seed=0) if means else None,
        **{f"{clock}_median": statistics.median(row[clock] for row in marked) for clock in _CLOCKS},
    }


def _worst(rows: Iterable[Row]) -> list[Row]:
    """The marked pictures that lose most attacks, with what they lose."""
    missed = [
        {"picture": row["picture"], "size": row["size"], "psnr": row["psnr"], "missed": _missed(row)}
        for row in rows
        if "refused" not in row and not all(row["exact"].values())
    ]
    return sorted(missed, key=lambda row: (-len(row["missed"]), row["picture"]))[:_WORST]


def _missed(row: Row) -> list[str]:
    return [attack for attack, hit in row["exact"].items() if not hit]


def render(setup: Row, summary: Row) -> str:
    """All tables as markdown."""
    ours = summary["lattice"]
    head = ", ".join(f"{name} {value}" for name, value in setup.items() if name != "attacks")
    parts = [head, _totals(ours)]
    for title, group in (("standard attack", STANDARD), ("hard attack", HARD)):
        names = [name for name in ours["exact"] if name in group]
        if names:
            parts.append(_rates(title, {name: ours["exact"][name] for name in names}))
    parts += [_groups("kind", summary["kinds"]), _groups("long side", summary["sizes"])]
    if summary["refusals"]:
        parts.append(table(("refused", "reason"), summary["refusals"].items()))
    if summary["worst"]:
        worst = (
            (row["picture"], "x".join(map(str, row["size"])), row["psnr"], ", ".join(row["missed"]))
            for row in summary["worst"]
        )
        parts.append(table(("picture that loses most", "size", "PSNR", "lost under"), worst))
    if "peers" in summary:
        parts += [_peers(summary["peers"]), _peer_attacks(summary["peers"])]
    return "\n\n".join(parts)


def _losers(worst: Sequence[Row]) -> str:
    head = ("picture that loses most", "size", "PSNR", "lost", "under")
    rows = []
    for row in worst:
        size = "x".join(map(str, row["size"]))
        rows.append((row["picture"], size, row["psnr"], len(row["missed"]), ", ".join(row["missed"])))
    return table(head, rows)


_TOTALS: Final = (
    ("pictures", "pictures", "d"),
    ("refused", "refused", "d"),
    ("PSNR mean, dB", "psnr_mean", ".2f"),
    ("PSNR least, dB", "psnr_min", ".2f"),
    ("SSIM of the luma, mean", "ssim_mean", ".4f"),
    ("SSIM of the luma, least", "ssim_min", ".4f"),
    ("**exact, mean of the standard attacks**", "standard_mean", ".4f"),
    ("the same, refused as lost", "standard_mean_refused_lost", ".4f"),
    ("least of the standard attacks", "standard_least", ".3f"),
    ("**exact, mean of the hard attacks**", "hard_mean", ".4f"),
    ("the same, refused as lost", "hard_mean_refused_lost", ".4f"),
    ("least of the hard attacks", "hard_least", ".3f"),
    ("detections on attacked pictures", "detections", "d"),
    ("wrong answers among them", "wrong", "d"),
    ("answers on unmarked pictures", "answers_on_unmarked", "d"),
    ("embed, CPU ms", "embed_ms_median", ".0f"),
    ("detect, found, CPU ms", "found_ms_median", ".0f"),
    ("detect, not found, CPU ms", "miss_ms_median", ".0f"),
)


def _totals(ours: Row) -> str:
    rows = [(title, _number(ours, name, form)) for title, name, form in _TOTALS if name in ours]
    if ours.get("all_attacks_interval"):
        low, high = ours["all_attacks_interval"]
        rows.append(("exact per picture over all its attacks, 95 % of the mean", f"{low:.4f}-{high:.4f}"))
    return table(("measure", "value"), rows)


def _rates(title: str, exact: dict[str, list[int]]) -> str:
    rows = []
    for name, (hits, of, gone) in exact.items():
        rows.append((name, *rate_cells(hits, of), f"{hits / (of + gone):.3f}" if of + gone else "-"))
    return table((title, "exact", "95 %", "pictures", "refused as lost"), rows)


def _groups(title: str, groups: dict[str, Row]) -> str:
    columns: dict[str, Callable[[Row], object]] = {
        "pictures": lambda row: row["pictures"],
        "refused": lambda row: row["refused"],
        "PSNR mean": lambda row: _number(row, "psnr_mean", ".1f"),
        "PSNR min": lambda row: _number(row, "psnr_min", ".1f"),
        "SSIM": lambda row: _number(row, "ssim_mean", ".4f"),
        "standard": lambda row: _number(row, "standard_mean", ".4f"),
        "least": lambda row: _number(row, "standard_least", ".3f"),
        "hard": lambda row: _number(row, "hard_mean", ".3f"),
    }
    rows = [(name, *(column(row) for column in columns.values())) for name, row in groups.items()]
    return table((title, *columns), rows)


def _number(row: Row, name: str, form: str) -> str:
    return format(row[name], form) if name in row else "-"


def _peers(peers: dict[str, Row]) -> str:
    names = [
        ("payload bits", "payload_bits", "d"),
        ("check bits", "check_bits", "d"),
        ("pictures", "pictures", "d"),
        ("refused or failed", "refused", "d"),
        ("PSNR mean, dB", "psnr_mean", ".1f"),
        ("PSNR least, dB", "psnr_min", ".1f"),
        ("SSIM mean", "ssim_mean", ".4f"),
        ("exact, mean of standard", "standard_mean", ".3f"),
        ("exact, mean of hard", "hard_mean", ".3f"),
        ("exact, mean of standard, refused as lost", "standard_mean_refused_lost", ".3f"),
        ("answers on unmarked pictures", "answers_on_unmarked", "d"),
        ("wrong answers on attacked ones", "wrong", "d"),
        ("embed, CPU ms", "embed_ms_median", ".0f"),
        ("detect, CPU ms", "found_ms_median", ".0f"),
    ]
    rows = [(title, *(_number(row, name, form) for row in peers.values())) for title, name, form in names]
    return table(("same pictures", *peers), rows)


def _peer_attacks(peers: dict[str, Row]) -> str:
    attacks = next(iter(peers.values()))["exact"]
    rows = [(name, *(rate_cells(*row["exact"][name][:2])[0] for row in peers.values())) for name in attacks]
    return table(("attack", *peers), rows)
