#!/usr/bin/env bash
# Builds the site, guides and API, with DocFX (a dotnet tool, pinned in .config/dotnet-tools.json), and fails where a link leads nowhere.
# usage: eng/build-site.sh [FOLDER]   output/site by default
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
mkdir -p "${1:-$here/output/site}"
output="$(cd "${1:-$here/output/site}" && pwd)"
work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
cd "$here"
for page in docs/*.md; do
  # The readme of the packages is no page.
  [[ "$page" == docs/package.md ]] || grep -q "href: $page" eng/site/toc.yml || { echo "FAILED: $page is missing in eng/site/toc.yml"; exit 1; }
done
dotnet tool restore >/dev/null

# The API is read from what was built, with its comments.
mkdir "$work/assemblies"
for project in src/PolaFormer.*/; do
  name="$(basename "$project")"
  [[ "$name" == PolaFormer.Cli || "$name" == PolaFormer.Server ]] && continue
  [[ -e "$project/bin/Release/net10.0/$name.dll" ]] || dotnet build "$project" -c Release -v quiet -nologo
  cp "$project/bin/Release/net10.0/$name".{dll,xml} "$work/assemblies/"
done

# Pages as they lie here, the README as the first one. Files that they link to and that are no pages go with them; folders have no page.
mkdir -p "$work/docs" "$work/files"
cp eng/site/docfx.json eng/site/toc.yml "$work"
cp docs/*.md docs/*.png docs/*.svg docs/*.html "$work/docs" 2>/dev/null || true
for page in ARCHITECTURE CONTRIBUTING CHANGELOG SECURITY; do cp "$page.md" "$work"; done
cp README.md "$work/index.md"
find "$work" -maxdepth 2 -name '*.md' -print0 | while IFS= read -r -d '' page; do
  relative="${page#"$work"/}"
  folder="$(dirname "$relative")"
  { grep -oE '\]\([^)#: ]+' "$page" || true; } | cut -c 3- | sort -u | while IFS= read -r link; do
    target="$(realpath -m --relative-to="$here" "$here/$folder/$link")"
    [[ -e "$work/${target/#README.md/index.md}" && "$link" != *README.md ]] && continue
    escaped="$(sed 's/[.[\*^$|]/\\&/g' <<<"$link")"
    up="$([[ "$folder" == . ]] || echo ../)"
    if [[ "$target" == README.md ]]; then
      sed -i "s|](${escaped}\([)#]\)|](${up}index.md\1|g" "$page"
    elif [[ -f "$here/$target" ]]; then
      mkdir -p "$work/files/$(dirname "$target")"
      # As text, so that a browser shows it.
      cp "$here/$target" "$work/files/$target.txt"
      sed -i "s|](${escaped}\([)#]\)|](${up}files/$target.txt\1|g" "$page"
    else
      sed -i -E "s|\[([^]]*)\]\(${escaped}[^)]*\)|\1|g" "$page"
    fi
  done
done

dotnet docfx "$work/docfx.json" > "$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
# A folder with anything else in it is not replaced.
[[ -z "$(ls -A "$output")" || -e "$output/xrefmap.yml" ]] || { echo "$output holds something else than a site" >&2; exit 1; }
rm -rf "$output"
cp -r "$work/site" "$output"

# Links between pages, and to headings of pages.
wrong=0
if grep -E 'warning (InvalidFileLink|InvalidBookmark|UidNotFound.*toc)' "$work/log"; then wrong=1; fi
while IFS=: read -r page link; do
  link="${link#*=\"}"
  [[ -e "$(dirname "$page")/${link%[\"#?]}" ]] || { echo "${page#"$output"/} links to ${link%[\"#?]}"; wrong=1; }
done < <(grep -roE --include='*.html' '(href|src)="[^"#:?]+["#?]' "$output" | sort -u)
((wrong == 0)) || { echo "FAILED: links lead nowhere"; exit 1; }
echo "$output: $(find "$output" -name '*.html' | wc -l) pages, every link leads somewhere"
