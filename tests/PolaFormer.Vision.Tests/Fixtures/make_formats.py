"""Makes formats.zip: pictures in the lesser formats, and what Pillow 9.4.0 makes of each as name.png.

usage: python3 make_formats.py ARCHIVE [VARIANTS]; with VARIANTS there are so many random pictures of each kind instead of one."""
import io, random, struct, sys, zipfile, zlib
from PIL import Image

assert Image.__version__ == "9.4.0", Image.__version__
archive = zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED)
variants = int(sys.argv[2]) if len(sys.argv) > 2 else 1
chance = random.Random(1)
made = 0


def add(name, data):
    # The time is fixed, so that the archive is the same whenever it is made.
    archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def put(name, data):
    """Adds a file and what Pillow makes of it."""
    global made
    made += 1
    try:
        picture = Image.open(io.BytesIO(data))
        picture = picture.convert("RGB")
    except Exception as error:
        print(name, "is refused:", error)
        return
    add(name, data)
    add(name + ".png", saved(picture, "PNG"))


def noise(mode, size):
    """A picture of blocks and noise, so that every compression has something to do."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    small = Image.frombytes("L", (3 * bands, 3), bytes(chance.randrange(256) for _ in range(9 * bands)))
    planes = [small.crop((3 * i, 0, 3 * i + 3, 3)).resize(size, Image.Resampling.NEAREST) for i in range(bands)]
    for plane in planes:
        for _ in range(size[0] * size[1] // 5 + 1):
            plane.putpixel((chance.randrange(size[0]), chance.randrange(size[1])), chance.randrange(256))
    return planes[0] if bands == 1 and mode == "L" else planes[0].convert(mode) if bands == 1 else Image.merge(mode, planes)


def saved(picture, format, **options):
    stream = io.BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


# ---- GIF: written here, so that every feature is at hand ----

def lzw(indices, bits, early_clear=None):
    """The blocks of a frame; now and then the table is cleared before it is full."""
    clear, out, filled, count = 1 << bits, bytearray(), 0, 0
    def emit(code, width):
        nonlocal filled, count
        filled |= code << count; count += width
        while count >= 8:
            out.append(filled & 255); filled >>= 8; count -= 8
    table, width = {bytes([i]): i for i in range(clear)}, bits + 1
    following = clear + 2
    emit(clear, width); text = b""
    for number, index in enumerate(indices):
        longer = text + bytes([index])
        if longer in table:
            text = longer; continue
        emit(table[text], width)
        if following < 4096:
            table[longer] = following
            if following == 1 << width and width < 12: width += 1
            following += 1
        if early_clear and number % early_clear == early_clear - 1:
            emit(clear, width); table = {bytes([i]): i for i in range(clear)}; width = bits + 1; following = clear + 2
        text = bytes([index])
    emit(table[text], width)
    if following == 1 << width and width < 12: width += 1
    emit(clear + 1, width)
    if count: out.append(filled & 255)
    blocks = b"".join(bytes([len(out[i:i + 255])]) + bytes(out[i:i + 255]) for i in range(0, len(out), 255))
    return bytes([bits]) + blocks + b"\0"


def palette(bits):
    return bytes(chance.randrange(256) for _ in range(3 << bits))


def gif(size, colours=8, screen=None, at=(0, 0), interlaced=False, local=False, wide=None, transparent=None, gray=False, flat=False, clear=None, frames=1):
    bits = max(2, colours)
    screen = screen or size
    ramp = bytes(i for i in range(1 << colours) for _ in range(3))
    data = b"GIF89a" + struct.pack("<HHBBB", *screen, 0 if wide is False else 0x80 | (colours - 1), 1, 0)
    if wide is not False: data += ramp if gray else palette(colours)
    for _ in range(frames):
        data += b"!\xfe\x05hello\x00"
        if transparent is not None: data += b"!\xf9\x04" + bytes([1, 0, 0, transparent]) + b"\0"
        data += b"," + struct.pack("<HHHHB", *at, *size, (0x80 | (colours - 1) if local else 0) | (0x40 if interlaced else 0))
        if local: data += palette(colours)
        pixels = [3 % (1 << colours) if flat else chance.randrange(1 << colours) if chance.random() < 0.3 else (i // 7) % (1 << colours) for i in range(size[0] * size[1])]
        rows = [pixels[y * size[0]:(y + 1) * size[0]] for y in range(size[1])]
        if interlaced: rows = rows[0::8] + rows[4::8] + rows[2::4] + rows[1::2]
        data += lzw([p for row in rows for p in row], bits, clear)
    return data + b";"


# ---- TIFF: a writer of strips and tiles in both byte orders ----

def reverse_bits(data):
    return bytes(int(f"{b:08b}"[::-1], 2) for b in data)


def pack_bits(data):
    out, i = bytearray(), 0
    while i < len(data):
        run = 1
        while run < 128 and i + run < len(data) and data[i + run] == data[i]: run += 1
        if run > 1:
            out += bytes([257 - run, data[i]]); i += run
        else:
            end = i
            while end < len(data) and end - i < 128 and (end + 1 >= len(data) or data[end] != data[end + 1]): end += 1
            out += bytes([end - i - 1]) + data[i:end]; i = end
    return bytes(out)


def tiff_lzw(data):
    out, filled, count, table, width = bytearray(), 0, 0, {bytes([i]): i for i in range(256)}, 9
    def emit(code):
        nonlocal filled, count
        filled = filled << width | code; count += width
        while count >= 8:
            out.append(filled >> (count - 8) & 255); count -= 8
        filled &= (1 << count) - 1
    emit(256); following, text = 258, b""
    for value in data:
        longer = text + bytes([value])
        if longer in table:
            text = longer; continue
        emit(table[text]); table[longer] = following; following += 1
        if following == 4094:
            emit(256); table = {bytes([i]): i for i in range(256)}; width, following = 9, 258
        elif following == 1 << width: width += 1
        text = bytes([value])
    if text: emit(table[text])
    if following == (1 << width) - 1 and width < 12: width += 1
    emit(257)
    if count: out.append(filled << (8 - count) & 255)
    return bytes(out)


def tiff(size, photometric, bits, samples, order="<", compression=1, tile=None, rows=None, planar=False, predictor=1, fill=1, extra=None, format=None, orientation=None, colours=None, big=False, single_bits=False, last=None):
    width, height = size
    byte_bits = bits * (1 if planar else samples)
    def sample():
        return chance.randrange(1 << bits) if chance.random() < 0.4 else (1 << bits) * 2 // 3
    def chunk(w, h):
        data = b""
        for _ in range(h):
            if bits < 8:
                text = "".join(f"{sample():0{bits}b}" for _ in range(w * samples))
                text += "0" * (-len(text) % 8)
                data += bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
                continue
            step = 1 if planar else samples
            row = [sample() for _ in range(w * step)]
            if predictor == 2: row = [(v - (row[i - step] if i >= step else 0)) % (1 << bits) for i, v in enumerate(row)]
            code = {8: "B", 16: "H", 32: "I"}[bits]
            if format == 3: data += struct.pack(order + f"{len(row)}f", *[(v / 2 ** 32 - 0.2) * 400 for v in row])
            elif format == 2: data += struct.pack(order + f"{len(row)}{code.lower()}", *[v % 700 - 200 for v in row])
            else: data += struct.pack(order + f"{len(row)}{code}", *[v % 700 if bits == 32 else v for v in row])
        packed = {1: bytes, 5: tiff_lzw, 8: zlib.compress, 32946: zlib.compress, 32773: pack_bits}[compression](data)
        return reverse_bits(packed) if fill == 2 else packed
    w, h = tile or (width, rows or height)
    chunks = []
    for _ in range(samples if planar else 1):
        for y in range(0, height, h):
            for x in range(0, width, w):
                chunks.append(chunk(w, h if tile else min(h, height - y)))
    tags = {256: (4, [width]), 257: (4, [height]), 258: (3, [bits] * (1 if single_bits else samples)), 259: (3, [compression]), 262: (3, [photometric]), 277: (3, [samples])}
    if fill != 1: tags[266] = (3, [fill])
    if orientation: tags[274] = (3, [orientation])
    if planar: tags[284] = (3, [2])
    if predictor != 1: tags[317] = (3, [predictor])
    if extra is not None: tags[338] = (3, extra)
    if format is not None: tags[339] = (3, [format] * samples)
    if photometric == 3: tags[320] = (3, [chance.randrange(65536) for _ in range(3 << (colours or bits))])
    if tile: tags[322], tags[323] = (3, [w]), (3, [h])
    elif rows: tags[278] = (4, [h])
    offsets, counts = (324, 325) if tile else (273, 279)
    head = 16 if big else 8
    places, body = [], b""
    for c in chunks:
        places.append(head + len(body)); body += c + b"\0" * (len(c) & 1)
    tags[offsets], tags[counts] = (4, places), (4, [len(c) for c in chunks])
    entries, extras, start = b"", b"", head + len(body)
    field = 8 if big else 4
    base = start + (8 + 20 * len(tags) + 8 if big else 2 + 12 * len(tags) + 4)
    for tag in sorted(tags):
        kind, values = tags[tag]
        data = struct.pack(order + f"{len(values)}{'H' if kind == 3 else 'I'}", *values)
        entries += struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, len(values))
        if len(data) <= field: entries += data.ljust(field, b"\0")
        else:
            entries += struct.pack(order + ("Q" if big else "I"), base + len(extras)); extras += data + b"\0" * (len(data) & 1)
    mark = b"II" if order == "<" else b"MM"
    header = mark + (struct.pack(order + "HHHQ", 43, 8, 0, start) if big else struct.pack(order + "HI", 42, start))
    count = struct.pack(order + ("Q" if big else "H"), len(tags))
    return header + body + count + entries + (b"\0" * field) + extras


# ---- WebP animations ----

def webp_frame(picture, at, lossless, canvas, padding=b""):
    still = saved(picture, "WEBP", lossless=lossless, quality=80)
    chunks, place = b"", 12
    while place + 8 <= len(still):
        name, length = still[place:place + 4], struct.unpack("<I", still[place + 4:place + 8])[0]
        if name in (b"VP8 ", b"VP8L", b"ALPH"): chunks += still[place:place + 8 + length + (length & 1)]
        place += 8 + length + (length & 1)
    def three(value): return struct.pack("<I", value)[:3]
    body = three(at[0] // 2) + three(at[1] // 2) + three(picture.width - 1) + three(picture.height - 1) + three(100) + b"\0" + chunks
    return b"ANMF" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def webp(canvas, frames, alpha):
    def three(value): return struct.pack("<I", value)[:3]
    extended = bytes([2 | (0x10 if alpha else 0), 0, 0, 0]) + three(canvas[0] - 1) + three(canvas[1] - 1)
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + extended + b"ANIM" + struct.pack("<IIH", 6, 0xFF336699, 0)
    body += b"".join(webp_frame(picture, at, lossless, canvas) for picture, at, lossless in frames)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def icon(pictures):
    """Entries of (width, height, colours, bits, data)."""
    head, body, start = struct.pack("<HHH", 0, 1, len(pictures)), b"", 6 + 16 * len(pictures)
    for width, height, colours, bits, data in pictures:
        head += struct.pack("<BBBBHHII", width % 256, height % 256, colours, 0, 1, bits, len(data), start + len(body)); body += data
    return head + body


def dib(size, bits):
    width, height = size
    colours = palette(8)[:3 << bits] if bits <= 8 else b""
    data = struct.pack("<IiiHHIIiiII", 40, width, 2 * height, 1, bits, 0, 0, 0, 0, 0, 0)
    data += b"".join(colours[i:i + 3] + b"\0" for i in range(0, len(colours), 3))
    data += bytes(chance.randrange(256) for _ in range((width * bits + 31) // 32 * 4 * height))
    return data + bytes(chance.randrange(256) for _ in range((width + 31) // 32 * 4 * height))


def make(tag, size):
    w, h = size
    rgb = noise("RGB", size)
    # GIF
    put(f"plain{tag}.gif", gif(size)); put(f"two_colours{tag}.gif", gif(size, colours=1)); put(f"sixteen{tag}.gif", gif(size, colours=4))
    put(f"interlaced{tag}.gif", gif(size, interlaced=True)); put(f"local_palette{tag}.gif", gif(size, colours=5, local=True))
    put(f"no_palette{tag}.gif", gif(size, wide=False)); put(f"gray_palette{tag}.gif", gif(size, gray=True))
    put(f"small_frame{tag}.gif", gif(size, screen=(w + 5, h + 3), at=(2, 1))); put(f"small_transparent{tag}.gif", gif(size, screen=(w + 5, h + 3), at=(2, 1), transparent=7))
    put(f"large_frame{tag}.gif", gif(size, screen=(5, 4), at=(3, 2))); put(f"animation{tag}.gif", gif(size, frames=3, transparent=1))
    put(f"flat{tag}.gif", gif((w * 9, h * 9), flat=True)); put(f"clears{tag}.gif", gif(size, clear=20)); put(f"full_table{tag}.gif", gif((w * 9, h * 9)) if variants > 1 else gif((100, 60)))
    put(f"pillow{tag}.gif", saved(rgb.quantize(64), "GIF"))
    # Portable any map
    for mode, kind in (("1", "bitmap"), ("L", "gray"), ("RGB", "colour")): put(f"{kind}{tag}.ppm", saved(noise(mode, size), "PPM"))
    count = w * h
    def numbers(n, top): return [chance.randrange(top + 1) for _ in range(n)]
    for top in (7, 200, 1000, 65535):
        code = "B" if top < 256 else "H"
        put(f"gray_{top}{tag}.pgm", b"P5 # a comment\n%d %d\n%d\n" % (w, h, top) + struct.pack(f">{count}{code}", *numbers(count, top)))
        put(f"colour_{top}{tag}.ppm", b"P6\n# a comment\n%d\t%d\r%d " % (w, h, top) + struct.pack(f">{3 * count}{code}", *numbers(3 * count, top)))
        put(f"text_gray_{top}{tag}.pgm", b"P2 %d %d %d\n" % (w, h, top) + b"".join(b"%d %s" % (n, b"# c\n" if i % 7 == 0 else b"\n") for i, n in enumerate(numbers(count, top))))
        put(f"text_colour_{top}{tag}.ppm", b"P3\n%d %d\n%d\n" % (w, h, top) + b" ".join(b"%d" % n for n in numbers(3 * count, top)))
    put(f"text_bits{tag}.pbm", b"P1\n%d %d\n" % size + b"".join(b"%d%s" % (n, (b"", b" ", b"\n", b"#x\n")[i % 4]) for i, n in enumerate(numbers(count, 1))))
    # TIFF, by Pillow
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "LA", "I;16", "I", "F"):
        picture = rgb.quantize(32) if mode == "P" else noise("L", size).convert("I").point(lambda v: v * 3).convert(mode) if mode in ("I;16", "I", "F") else noise(mode, size)
        for packing in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            put(f"pillow_{mode.replace(';', '')}_{packing}{tag}.tif", saved(picture, "TIFF", compression=packing))
    put(f"pillow_predicted{tag}.tif", saved(rgb, "TIFF", compression="tiff_lzw", tiffinfo={317: 2}))
    # TIFF, written here
    for order, name in (("<", "little"), (">", "big")):
        for bits in (1, 2, 4, 8):
            for photometric in (0, 1, 3): put(f"{name}_{photometric}_{bits}{tag}.tif", tiff(size, photometric, bits, 1, order, rows=4))
        for compression in (1, 5, 8, 32946, 32773):
            put(f"{name}_tiles_{compression}{tag}.tif", tiff(size, 2, 8, 3, order, compression, tile=(16, 16)))
            put(f"{name}_strips_{compression}{tag}.tif", tiff(size, 2, 8, 3, order, compression, rows=3))
            put(f"{name}_16_{compression}{tag}.tif", tiff(size, 2, 16, 3, order, compression, rows=5))
            put(f"{name}_planar_{compression}{tag}.tif", tiff(size, 2, 8, 3, order, compression, rows=5, planar=True))
        for bits in (8, 16): put(f"{name}_predicted_{bits}{tag}.tif", tiff(size, 2, bits, 3, order, 8, rows=5, predictor=2))
        put(f"{name}_predicted_planar{tag}.tif", tiff(size, 2, 8, 3, order, 5, rows=5, predictor=2, planar=True))
        put(f"{name}_predicted_gray_16{tag}.tif", tiff(size, 1, 16, 1, order, 5, predictor=2))
        put(f"{name}_predicted_tiles{tag}.tif", tiff(size, 2, 8, 3, order, 5, tile=(32, 16), predictor=2))
        put(f"{name}_gray_16{tag}.tif", tiff(size, 1, 16, 1, order)); put(f"{name}_signed_16{tag}.tif", tiff(size, 1, 16, 1, order, format=2))
        put(f"{name}_signed_32{tag}.tif", tiff(size, 1, 32, 1, order, format=2)); put(f"{name}_float{tag}.tif", tiff(size, 1, 32, 1, order, format=3))
        put(f"{name}_gray_alpha{tag}.tif", tiff(size, 1, 8, 2, order, extra=[2])); put(f"{name}_palette_alpha{tag}.tif", tiff(size, 3, 8, 2, order, extra=[2]))
        for kind in (0, 1, 2): put(f"{name}_alpha_{kind}{tag}.tif", tiff(size, 2, 8, 4, order, extra=[kind]))
        for kind in (0, 1, 2): put(f"{name}_alpha_16_{kind}{tag}.tif", tiff(size, 2, 16, 4, order, extra=[kind]))
        put(f"{name}_five{tag}.tif", tiff(size, 2, 8, 5, order, extra=[1, 0])); put(f"{name}_six{tag}.tif", tiff(size, 2, 8, 6, order, extra=[2, 0, 0]))
        put(f"{name}_inks{tag}.tif", tiff(size, 5, 8, 4, order, 5)); put(f"{name}_reversed{tag}.tif", tiff(size, 1, 1, 1, order, fill=2))
        put(f"{name}_reversed_8{tag}.tif", tiff(size, 2, 8, 3, order, 8, fill=2)); put(f"{name}_one_size{tag}.tif", tiff(size, 2, 8, 3, order, single_bits=True))
        for orientation in range(1, 9): put(f"{name}_turned_{orientation}{tag}.tif", tiff(size, 2, 8, 3, order, 1 + 4 * (orientation & 1), orientation=orientation))
    put(f"little_inks_16{tag}.tif", tiff(size, 5, 16, 4)); put(f"bigtiff{tag}.tif", tiff(size, 2, 8, 3, big=True, rows=4)); put(f"bigtiff_lzw{tag}.tif", tiff(size, 2, 8, 3, compression=5, big=True, rows=4))
    put(f"long_lzw{tag}.tif", tiff((90, 60), 2, 8, 3, compression=5))
    # Icons
    put(f"png{tag}.ico", saved(noise("RGBA", (32, 32)), "ICO", sizes=[(16, 16), (32, 32)]))
    for bits in (1, 4, 8, 24, 32): put(f"bitmap_{bits}{tag}.ico", icon([(w, h, 0, bits, dib(size, bits))]))
    put(f"several{tag}.ico", icon([(16, 16, 16, 4, dib((16, 16), 4)), (24, 24, 0, 8, dib((24, 24), 8)), (24, 24, 0, 24, dib((24, 24), 24)), (8, 8, 0, 32, dib((8, 8), 32))]))
    put(f"twins{tag}.ico", icon([(16, 16, 0, 0, dib((16, 16), 8)), (16, 16, 0, 0, dib((16, 16), 24)), (16, 16, 16, 0, dib((16, 16), 4))]))
    # WebP
    for lossless in (False, True):
        name = "lossless" if lossless else "lossy"
        put(f"{name}{tag}.webp", webp(size, [(rgb, (0, 0), lossless), (noise("RGB", size), (0, 0), lossless)], False))
        put(f"{name}_small_frame{tag}.webp", webp((w + 9, h + 6), [(rgb, (4, 2), lossless), (noise("RGB", (4, 4)), (0, 0), lossless)], True))
        put(f"{name}_alpha{tag}.webp", webp(size, [(noise("RGBA", size), (0, 0), lossless)], True))
    put(f"pillow{tag}.webp", saved(rgb, "WEBP", save_all=True, append_images=[noise("RGB", size)], duration=100))


for variant in range(variants):
    make("" if variants == 1 else f"_{variant}", (13, 11) if variants == 1 else (chance.randrange(1, 40), chance.randrange(1, 40)))
archive.close()
print(made, "files")
