#!/usr/bin/env bash
# Cuts the font of figures out of DejaVu Sans (Debian package fonts-dejavu-core) with fonttools (package fonttools) and puts it with
# its licence into src/PolaFormer.Analysis/Figures/Assets. Run it to renew the files; a build needs only those committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

assets=src/PolaFormer.Analysis/Figures/Assets
source=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
sha256='abdc775b21b1bc470d50c97e790d276f2054b7504e56e5bd3e64f48d68582322'

[[ "$(sha256sum "$source" | cut -d ' ' -f 1)" == "$sha256" ]] || { echo "$source is not the font expected; nothing was changed" >&2; exit 1; }
# Latin, Greek, punctuation, superscripts and subscripts, arrows, mathematical operators.
/usr/bin/pyftsubset "$source" --unicodes='U+0020-007E,U+00A0-017F,U+0370-03FF,U+2010-2026,U+2030,U+2032,U+2033,U+2070-209C,U+2190-2193,U+2200-222B,U+2248,U+2260-2265,U+22C5' \
  --layout-features='kern,mark' --no-hinting --output-file="$assets/DejaVuSans.ttf"
sed -n '/^License: bitstream-vera/,/^Files:/p' /usr/share/doc/fonts-dejavu-core/copyright | sed -e '1d' -e '/^Files:/d' -e 's/^ \.$//' -e 's/^ //' > "$assets/DejaVuSans.LICENSE"
