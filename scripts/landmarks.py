#!/usr/bin/env python3
"""Finds the 19 landmarks of each picture below a folder with MediaPipe, for `data.landmarks`.

MediaPipe needs an environment of its own, with Python 3.9 to 3.12:

    python3 -m venv mediapipe-env
    mediapipe-env/bin/pip install mediapipe==0.10.21
    mediapipe-env/bin/python scripts/landmarks.py PICTURES landmarks.csv

This version carries its models in the wheel; nothing else is downloaded. The CSV has a row for each
picture, with coordinates in pixels of the picture: set data.landmark_coordinates=picture. A picture in
which no face is found has ok=0; of several faces the largest is taken."""

import argparse
import concurrent.futures
import csv
import os
import pathlib
import sys

SUFFIXES = {".jpg", ".jpeg", ".jpe", ".png", ".webp"}
MARGINS = (0.0, 0.25, 0.6)  # of border around the square picture, tried in turn: tight crops need some
SIDE = 320  # pixels that the longer side of a small picture is enlarged to

# Which points of the mesh are averaged; the same table as in data/landmark_schemes.cpp.
MESH = {
    "brow_l_outer": (70,),
    "brow_l_mid": (105,),
    "brow_l_inner": (107,),
    "brow_r_inner": (336,),
    "brow_r_mid": (334,),
    "brow_r_outer": (300,),
    "eye_l_outer": (33,),
    "eye_l_center": (159, 145),
    "eye_l_inner": (133,),
    "eye_r_inner": (362,),
    "eye_r_center": (386, 374),
    "eye_r_outer": (263,),
    "nose_left": (48,),
    "nose_tip": (4,),
    "nose_right": (278,),
    "mouth_left": (61,),
    "mouth_center": (13, 14),
    "mouth_right": (291,),
    "chin": (152,),
}

_mesh = None


def open_mesh():
    global _mesh
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import mediapipe

    _mesh = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=5, refine_landmarks=False, min_detection_confidence=0.5
    )


def largest(faces):
    def area(face):
        x = [point.x for point in face.landmark]
        y = [point.y for point in face.landmark]
        return (max(x) - min(x)) * (max(y) - min(y))

    return max(faces, key=area)


def find(path):
    """The 19 points [(x, y)] of a picture, None without a face; and whether it could be read."""
    import cv2
    import numpy

    picture = cv2.imdecode(numpy.fromfile(path, numpy.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return None, False
    picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    height, width = picture.shape[:2]
    scale = max(1.0, SIDE / max(height, width))
    if scale > 1:
        size = (round(width * scale), round(height * scale))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    for margin in MARGINS:
        rows, columns = picture.shape[:2]
        side = round((1 + 2 * margin) * max(rows, columns))  # the mesh is wrong on oblong pictures
        top, left = (side - rows) // 2, (side - columns) // 2
        borders = top, side - rows - top, left, side - columns - left
        framed = cv2.copyMakeBorder(picture, *borders, cv2.BORDER_REPLICATE)
        faces = _mesh.process(framed).multi_face_landmarks
        if not faces:
            continue
        mesh = largest(faces).landmark
        points = []
        for indices in MESH.values():
            x = sum(mesh[i].x for i in indices) / len(indices) * side - left
            y = sum(mesh[i].y for i in indices) / len(indices) * side - top
            points.append((x * width / columns, y * height / rows))
        return points, True
    return None, True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", metavar="IN", type=pathlib.Path, help="folder of pictures (JPEG, PNG, WebP)")
    parser.add_argument("out", metavar="OUT.csv", type=pathlib.Path, help="file to write")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    options = parser.parse_args()
    if not options.pictures.is_dir():
        parser.error(f"{options.pictures}: expected a folder of pictures")
    paths = sorted(p for p in options.pictures.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        parser.error(f"{options.pictures}: no .jpg, .jpeg, .png or .webp file in it")
    try:
        import mediapipe  # noqa: F401
    except ImportError as error:
        sys.exit(f"landmarks.py: {error}; --help says how to install MediaPipe")

    found = unreadable = 0
    partial = options.out.with_name(options.out.name + ".partial")
    with open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", *(f"{name}_{axis}" for name in MESH for axis in "xy"), "ok"])
        with concurrent.futures.ProcessPoolExecutor(options.jobs, initializer=open_mesh) as pool:
            for path, (points, readable) in zip(paths, pool.map(find, map(str, paths), chunksize=16)):
                found += points is not None
                unreadable += not readable
                values = [f"{v:.2f}" for point in points for v in point] if points else [""] * 2 * len(MESH)
                name = path.relative_to(options.pictures).as_posix()
                writer.writerow([name, *values, int(points is not None)])
    os.replace(partial, options.out)
    print(f"{options.out}: a face in {found} of {len(paths)} pictures ({100 * found / len(paths):.1f} %)")
    if unreadable:
        print(f"{unreadable} pictures could not be read", file=sys.stderr)


if __name__ == "__main__":
    main()
