#!/bin/sh
# Runs tests against kernels built with AddressSanitizer and UBSan, into build/sanitize.
#
#     PYTHON=.venv/bin/python sh native/sanitize.sh TESTS...
#
# The package is installed aside and Python started without its site hooks (-S): an editable
# install would shadow it. Python itself leaks by design, hence no search for leaks. Left out are
# tests that import torch or onnxruntime, whose own libraries are not built for the sanitizers.
set -e
site=build/sanitize/site
packages=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$PYTHON" -m pip install -q --no-build-isolation --no-deps --upgrade --target "$site" \
    -Cbuild-dir=build/sanitize/objects -Ccmake.define.D2F_SANITIZE=ON .
libraries="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)"
LD_PRELOAD="$libraries" ASAN_OPTIONS=detect_leaks=0 OMP_WAIT_POLICY=PASSIVE \
    PYTHONPATH="$site:$packages" "$PYTHON" -S -m pytest -p no:randomly -q "$@"
