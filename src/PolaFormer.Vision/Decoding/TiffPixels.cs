using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>Turns the samples of a TIFF into RGB, with the values of Pillow.</summary>
internal sealed class TiffPixels
{
    private readonly TiffLayout _layout;
    private readonly byte[] _lookup = new byte[256 * Image.Channels];

    public TiffPixels(TiffDirectory directory, TiffLayout layout)
    {
        _layout = layout;
        if (layout.Bits > 8)
            return;
        int largest = (1 << layout.Bits) - 1;
        for (int i = 0; i < 256; i++)
        {
            int level = layout.Photometric == TiffLayout.Palette ? i : Math.Min(i, largest) * 255 / largest;
            _lookup.AsSpan(i * Image.Channels, Image.Channels).Fill((byte)(layout.Photometric == TiffLayout.WhiteIsZero ? 255 - level : level));
        }
        if (layout.Photometric == TiffLayout.Palette)
            FillPalette(directory);
    }

    /// <summary>Unpacks a row of pixels whose samples lie together.</summary>
    public void Unpack(ReadOnlySpan<byte> row, Span<byte> pixels)
    {
        if (_layout.Photometric == TiffLayout.Cmyk)
            UnpackCmyk(row, pixels);
        else if (_layout.Photometric == TiffLayout.Rgb)
            UnpackRgb(row, pixels);
        else if (_layout.Bits > 8)
            UnpackNumbers(row, pixels);
        else
            Look(row, pixels);
    }

    /// <summary>Entries that the file does not give are gray levels.</summary>
    private void FillPalette(TiffDirectory directory)
    {
        TiffNumbers map = directory.Numbers(TiffTag.ColorMap);
        int entries = map.Count / Image.Channels;
        if (entries is < 1 or > 256)
            throw new ImageException($"TIFF: a palette of {entries} entries is not possible");
        for (int i = 0; i < entries; i++)
        {
            for (int c = 0; c < Image.Channels; c++)
                _lookup[(i * Image.Channels) + c] = (byte)(map[(c * entries) + i] >> 8);
        }
    }

    /// <summary>1, 2, 4 or 8 bits a sample, the leftmost pixel in the highest bits; a second sample is alpha.</summary>
    private void Look(ReadOnlySpan<byte> row, Span<byte> pixels)
    {
        int bits = _layout.Bits, mask = (1 << bits) - 1, step = bits * _layout.Samples;
        long x = 0;
        for (int at = 0; at < pixels.Length; x += step, at += Image.Channels)
        {
            int index = (row[(int)(x >> 3)] >> (8 - bits - (int)(x & 7))) & mask;
            _lookup.AsSpan(index * Image.Channels, Image.Channels).CopyTo(pixels[at..]);
        }
    }

    /// <summary>Gray of 16 or 32 bits is clipped to 0 … 255.</summary>
    private void UnpackNumbers(ReadOnlySpan<byte> row, Span<byte> pixels)
    {
        int bytes = _layout.Bits / 8;
        for (int at = 0; at < pixels.Length; at += Image.Channels, row = row[bytes..])
        {
            double value = (bytes, _layout.Format, _layout.IsLittleEndian) switch
            {
                (2, 1, true) => BinaryPrimitives.ReadUInt16LittleEndian(row),
                (2, 1, false) => BinaryPrimitives.ReadUInt16BigEndian(row),
                (2, _, true) => BinaryPrimitives.ReadInt16LittleEndian(row),
                (2, _, false) => BinaryPrimitives.ReadInt16BigEndian(row),
                (_, 3, true) => BinaryPrimitives.ReadSingleLittleEndian(row),
                (_, 3, false) => BinaryPrimitives.ReadSingleBigEndian(row),
                (_, _, true) => BinaryPrimitives.ReadInt32LittleEndian(row),
                (_, _, false) => BinaryPrimitives.ReadInt32BigEndian(row),
            };
            pixels.Slice(at, Image.Channels).Fill(value >= 255 ? (byte)255 : value > 0 ? (byte)value : (byte)0);
        }
    }

    /// <summary>Colours of 8 bits, or the upper 8 of 16; those that were multiplied by alpha are divided by it.</summary>
    private void UnpackRgb(ReadOnlySpan<byte> row, Span<byte> pixels)
    {
        int sample = _layout.Bits / 8, pixel = sample * _layout.Samples, upper = _layout.IsLittleEndian ? sample - 1 : 0;
        bool isPremultiplied = _layout is { IsPremultiplied: true, Samples: > 3 };
        for (int at = 0; at < pixels.Length; at += Image.Channels, row = row[pixel..])
        {
            int alpha = isPremultiplied ? row[(3 * sample) + upper] : 255;
            for (int c = 0; c < Image.Channels; c++)
            {
                int value = row[(c * sample) + upper];
                pixels[at + c] = (byte)(alpha == 255 ? value : alpha == 0 ? 0 : Math.Min(255, value * 255 / alpha));
            }
        }
    }

    private void UnpackCmyk(ReadOnlySpan<byte> row, Span<byte> pixels)
    {
        int sample = _layout.Bits / 8, pixel = sample * _layout.Samples, upper = _layout.IsLittleEndian ? sample - 1 : 0;
        for (int at = 0; at < pixels.Length; at += Image.Channels, row = row[pixel..])
            CmykColor.ToRgb(row[upper], row[sample + upper], row[(2 * sample) + upper], row[(3 * sample) + upper], pixels[at..]);
    }
}
