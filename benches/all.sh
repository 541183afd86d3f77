#!/usr/bin/env bash
# Everything that benches/README.md shows of the engine for scale, in one run: criterion's benchmarks, the peers in Python, and then
# the table and the plots. Takes an hour or two at 10⁷ edges; fewer with ONUS_BENCH_EDGES=1e6, which leaves lines out.
#
#   benches/all.sh [OUT]            (OUT: where the tables go, target/benchmarks.md unless named)
#
# Needs Python 3 with venv for the peers; without them that table is left out, and said so.
set -euo pipefail
cd "$(dirname "$0")/.."
export ONUS_BENCH_EDGES=${ONUS_BENCH_EDGES:-1e7}
out=${1:-target/benchmarks.md}

own=(compile diagnose dictionary load monte_carlo propagate split)
for bench in "${own[@]}"; do
  cargo bench --features tables --bench "$bench"
done
for bench in dictionary monte_carlo; do
  cargo bench --features tables,rayon --bench "$bench" -- "all threads"
done
cargo build --release --example peers --example benchmarks

{
  echo "## $(date -u +%Y-%m-%d), $(uname -m), $(nproc) cores, $(sed -n 's/^model name.*: //p;T;q' /proc/cpuinfo), $(rustc --version)"
  echo
  target/release/examples/benchmarks benches/plots
  echo
} >"$out"

peers=target/peers
if python3 -m venv "$peers" && "$peers/bin/pip" install --quiet -r benches/peers/requirements.txt; then
  "$peers/bin/python" benches/peers/graphs.py 1e5 1e6 1e7 >>"$out"
else
  echo 'The peers in Python could not be installed.' | tee -a "$out" >&2
fi
cat "$out"
