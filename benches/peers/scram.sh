#!/usr/bin/env bash
# Fault trees in one folder, by SCRAM (Debian package `scram`) and by `onus cutsets`: CPU seconds and peak memory of the whole
# process, the least of three runs, as a table in Markdown.
#
#   cargo build --release && benches/peers/scram.sh FOLDER
#
# Both count all minimal cut sets and give the exact probability. SCRAM also prints every set; onus prints ten.
set -euo pipefail
folder=${1:?name a folder of Open-PSA files}
onus=${ONUS:-$(dirname "$0")/../../target/release/onus}
for tool in scram /usr/bin/time; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 2; }
done

# CPU seconds and MB of the cheapest of three runs.
measure() {
  for _ in 1 2 3; do
    /usr/bin/time -f '%U %S %M' -o /dev/fd/3 "$@" 3>&1 >/dev/null 2>/dev/null || echo failed
  done | awk '/failed/ { bad = 1 } NF == 3 { cpu = $1 + $2; if (best == "" || cpu < best) { best = cpu; mb = $3 / 1024 } }
              END { if (bad) print "failed -"; else printf "%.2f %.0f\n", best, mb }'
}

echo '| tree | SCRAM, CPU s | onus, CPU s | ratio | SCRAM, MB | onus, MB |'
echo '|---|--:|--:|--:|--:|--:|'
for tree in "$folder"/*.xml; do
  read -r their_cpu their_mb < <(measure scram --bdd --probability true -l 1000 "$tree")
  read -r our_cpu our_mb < <(measure "$onus" cutsets "$tree" --format json)
  ratio=$(awk -v a="$their_cpu" -v b="$our_cpu" 'BEGIN { if (a == "failed") print "-"; else printf "%.0f", a / (b > 0.01 ? b : 0.01) }')
  echo "| $(basename "$tree" .xml) | $their_cpu | $our_cpu | $ratio | $their_mb | $our_mb |"
done
