"""Slow, obvious twins of the kernels that find clipped blobs."""

import numpy as np


def find_blobs(radiance, *, clip, min_area, max_area):
    """Flood fill in reading order: boxes with area, sums of x, y and light, core, and labels."""
    inside = (radiance >= np.float32(clip)).any(axis=-1)
    labels, boxes, sums = np.full(inside.shape, -1), [], []
    seen = np.zeros_like(inside)
    for start in zip(*np.nonzero(inside), strict=True):
        if seen[start]:
            continue
        seen[start], todo, members = True, [start], []
        while todo:
            y, x = todo.pop()
            members.append((y, x))
            window = np.s_[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            for dy, dx in np.argwhere(inside[window] & ~seen[window]):
                near = max(y - 1, 0) + dy, max(x - 1, 0) + dx
                seen[near] = True
                todo.append(near)
        if not min_area <= len(members) <= max_area:
            continue
        y, x = np.array(members).T
        labels[y, x] = len(boxes)
        boxes.append([x.min(), y.min(), x.max() + 1, y.max() + 1, len(members)])
        light = radiance[y, x].astype(np.float64)
        sums.append([x.sum(), y.sum(), *light.sum(axis=0), light.min(axis=1).max()])
    return np.array(boxes).reshape(-1, 5), np.array(sums).reshape(-1, 6), labels


def labels_of_runs(runs, shape):
    """The picture of blob numbers that a table of runs describes."""
    labels = np.full(shape, -1)
    for row, begin, end, blob in runs:
        labels[row, begin:end] = blob
    return labels


def blob_surroundings(radiance, boxes, centres, directions, distances, *, clip):
    """Walk along every ray from every centre, pixel by pixel."""
    rows, cols = radiance.shape[:2]
    inside = (radiance >= np.float32(clip)).any(axis=-1)
    found = np.empty((len(boxes), len(distances), len(directions), 3), np.float32)
    half = np.float32(0.5)
    for b, (left, top, right, bottom) in enumerate(boxes):
        for k, direction in enumerate(directions):
            last, step = -1, 0
            while True:
                x, y = np.floor(centres[b] + np.float32(step) * direction + half).astype(int)
                if not (left <= x < right and top <= y < bottom):
                    break
                last = step if inside[y, x] else last
                step += 1
            for j, distance in enumerate(distances):
                place = centres[b] + np.float32(last + distance) * direction + half
                x, y = np.floor(place).astype(int)
                found[b, j, k] = radiance[np.clip(y, 0, rows - 1), np.clip(x, 0, cols - 1)]
    return np.median(found, axis=2), found.mean(axis=2)
