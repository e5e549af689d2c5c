"""From the seconds of each round to medians, ratios, a table and JSON."""

import json
import os

FORMAT = "lanet-compare/1"


def quantile(values, q):
    """Linear between the two nearest of the sorted values."""
    values = sorted(values)
    place = q * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def median(values):
    return quantile(values, 0.5)


def spread(values):
    return {"median": median(values), "p10": quantile(values, 0.1), "p90": quantile(values, 0.9)}


def summarise(rounds, ours, settings, machine, versions, checks):
    """`rounds`: of each contender's name, (seconds a step, bytes) round by round. A ratio is taken
    within a round, where both met the same machine; its median is what counts."""
    speed = {name: [settings["batch"] / seconds for seconds, _ in values]
             for name, values in rounds.items()}
    results = []
    for name, values in rounds.items():
        peaks = [peak for _, peak in values if peak is not None]
        results.append({"name": name,
                        "program": "lanet-cuda" if name in ours else "pytorch",
                        "images_per_second": spread(speed[name]),
                        "rounds": speed[name],
                        "peak_memory_bytes": max(peaks) if peaks else None})
    ratios = []
    for own in ours:
        for other in rounds:
            if other != own:
                paired = [a / b for a, b in zip(speed[own], speed[other])]
                ratios.append({"ours": own, "other": other, **spread(paired), "rounds": paired})
    memory = ("largest resident set of the process" if settings["device"] == "cpu"
              else "largest sum of allocations on the device")
    return {"format": FORMAT, "settings": settings, "machine": machine, "versions": versions,
            "golden": checks, "peak_memory_is": memory, "results": results, "ratios": ratios}


def table(found):
    settings = found["settings"]
    width = max(len(result["name"]) for result in found["results"])
    ours = list(dict.fromkeys(ratio["ours"] for ratio in found["ratios"]))
    factor = {(ratio["ours"], ratio["other"]): ratio["median"] for ratio in found["ratios"]}
    lines = [
        f"{settings['backbone']} {settings['image']} px batch {settings['batch']} on "
        f"{settings['device']} ({found['machine']['device_name']}), {settings['threads']} threads, "
        f"{settings['rounds']} rounds of {settings['steps']} steps",
        f"{'img/s':<{width}}{'median':>10}{'p10':>10}{'p90':>10}{'peak MB':>10}" +
        "".join(f"{own + ' is':>16}" for own in ours)]
    for result in found["results"]:
        speed, peak = result["images_per_second"], result["peak_memory_bytes"]
        line = f"{result['name']:<{width}}" + "".join(
            f"{speed[key]:>10.2f}" for key in ("median", "p10", "p90"))
        line += f"{peak / 1e6:>10.0f}" if peak is not None else f"{'?':>10}"
        for own in ours:
            ratio = factor.get((own, result["name"]))
            line += f"{ratio:>15.2f}x" if ratio else f"{'':>16}"
        lines.append(line)
    if not settings["augment"]:
        lines.append("PyTorch's step is without augmentation, ours with it.")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def write(found, path):
    """Whole or not at all."""
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
        file.write("\n")
    os.replace(part, path)
