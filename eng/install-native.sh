#!/usr/bin/env bash
# Installs the image libraries that are missing (Debian's packages) where it may, and otherwise says which to install.
[[ "$(uname -s)" == Linux ]] || exit 0
libraries="$(ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null || true)"
missing=()
[[ "$libraries" == *libturbojpeg.so.0* ]] || missing+=(libturbojpeg0)
[[ "$libraries" == *libspng.so.0* ]] || missing+=(libspng0)
[[ "$libraries" == *libwebp.so.7* ]] || missing+=(libwebp7)
((${#missing[@]})) || exit 0
if ((EUID == 0)) && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]} …" >&2
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 && exit 0
fi
echo "image libraries are missing; install them with: sudo apt-get install ${missing[*]}" >&2
