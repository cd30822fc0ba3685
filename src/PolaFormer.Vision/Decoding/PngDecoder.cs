using System.Runtime.InteropServices;

namespace PolaFormer.Vision.Decoding;

/// <summary>PNG: libspng, or <see cref="PngSamples"/> without it, inflates, unfilters and de-interlaces; the samples are turned into RGB here.</summary>
internal static unsafe class PngDecoder
{
    public static Image Decode(ReadOnlySpan<byte> data, ImageDecodeOptions options, out int orientation)
    {
        PngChunks chunks = PngChunks.Read(data);
        orientation = chunks.Orientation;
        ImageDecoder.CheckSize(chunks.Width, chunks.Height, options);
        var image = new Image(chunks.Width, chunks.Height);
        try
        {
            if (chunks.ColorType == PngChunks.Rgb && chunks.BitDepth == 8)
            {
                fixed (byte* pixels = image.Pixels)
                    DecodeSamples(data, chunks, pixels, (nuint)image.Pixels.Length);
                return image;
            }
            nuint size = (nuint)chunks.RowBytes * (nuint)chunks.Height;
            // Zeroed, since the library only sets bits when it de-interlaces packed samples.
            byte* samples = (byte*)NativeMemory.AllocZeroed(size);
            try
            {
                DecodeSamples(data, chunks, samples, size);
                Convert(samples, chunks, image);
                return image;
            }
            finally
            {
                NativeMemory.Free(samples);
            }
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>The samples of a gray or palette file of at most 8 bits as they are, one a byte; null for other files.</summary>
    public static byte[]? DecodeIndices(ReadOnlySpan<byte> data, ImageDecodeOptions options, out int width, out int height, out byte[] palette)
    {
        PngChunks chunks = PngChunks.Read(data);
        ImageDecoder.CheckSize(chunks.Width, chunks.Height, options);
        (width, height, palette) = (chunks.Width, chunks.Height, chunks.ColorType == PngChunks.Palette ? chunks.PaletteEntries.ToArray() : []);
        if (chunks.ColorType is not (PngChunks.Gray or PngChunks.Palette) || chunks.BitDepth > 8)
            return null;
        byte[] packed = new byte[chunks.RowBytes * height];
        fixed (byte* samples = packed)
            DecodeSamples(data, chunks, samples, (nuint)packed.Length);
        if (chunks.BitDepth == 8)
            return packed;
        byte[] values = new byte[width * height];
        int bits = chunks.BitDepth, mask = (1 << bits) - 1;
        for (int y = 0, i = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = packed.AsSpan(y * (int)chunks.RowBytes, (int)chunks.RowBytes);
            for (int x = 0; x < width; x++, i++)
                values[i] = (byte)((row[(x * bits) >> 3] >> (8 - bits - ((x * bits) & 7))) & mask);
        }

        return values;
    }

    /// <summary>Samples as stored, rows packed. Checksums of the data are not looked at, as in Pillow.</summary>
    private static void DecodeSamples(ReadOnlySpan<byte> data, PngChunks chunks, byte* output, nuint size)
    {
        if (!NativeCodec.Spng.IsUsed)
        {
            PngSamples.Decode(data, chunks, output);
            return;
        }

        data = PngChunks.WithoutExtras(data);
        nint context = Spng.ContextNew(0);
        if (context == 0)
            throw new ImageException("PNG: the decoder could not be started");
        try
        {
            fixed (byte* source = data)
            {
                int error = Spng.SetCrcAction(context, Spng.CrcUse, Spng.CrcUse);
                if (error == 0)
                    error = Spng.SetBuffer(context, source, (nuint)data.Length);
                if (error == 0)
                    error = Spng.DecodeImage(context, output, size, Spng.FormatRaw, 0);
                if (error != 0)
                    throw new ImageException($"PNG: {Spng.Message(error)}");
            }
        }
        finally
        {
            Spng.ContextFree(context);
        }
    }

    private static void Convert(byte* samples, PngChunks chunks, Image image)
    {
        Span<byte> lookup = stackalloc byte[256 * Image.Channels];
        if (chunks.ColorType is PngChunks.Gray or PngChunks.Palette && chunks.BitDepth <= 8)
            FillLookup(lookup, chunks);
        for (int y = 0; y < image.Height; y++)
        {
            var row = new ReadOnlySpan<byte>(samples + (y * chunks.RowBytes), (int)chunks.RowBytes);
            Span<byte> pixels = image.Row(y);
            if (chunks.ColorType == PngChunks.Gray && chunks.BitDepth == 16)
                ClipGray16(row, pixels);
            else if (chunks.ColorType is PngChunks.Gray or PngChunks.Palette)
                Look(row, chunks.BitDepth, lookup, pixels);
            else
                TakeUpperBytes(row, chunks.Channels, chunks.BitDepth / 8, pixels);
        }
    }

    /// <summary>Gray levels are stretched to 0 … 255; palette entries that the file does not give are a gray ramp.</summary>
    private static void FillLookup(Span<byte> lookup, PngChunks chunks)
    {
        int largest = (1 << chunks.BitDepth) - 1;
        for (int i = 0; i < 256; i++)
        {
            byte level = (byte)(chunks.ColorType == PngChunks.Gray ? Math.Min(i, largest) * 255 / largest : i);
            lookup.Slice(i * Image.Channels, Image.Channels).Fill(level);
        }
        if (chunks.ColorType != PngChunks.Palette)
            return;
        ReadOnlySpan<byte> entries = chunks.PaletteEntries;
        entries[..Math.Min(entries.Length / Image.Channels * Image.Channels, lookup.Length)].CopyTo(lookup);
    }

    /// <summary>1, 2, 4 or 8 bits a sample, the leftmost pixel in the highest bits.</summary>
    private static void Look(ReadOnlySpan<byte> row, int bits, ReadOnlySpan<byte> lookup, Span<byte> pixels)
    {
        int mask = (1 << bits) - 1;
        for (int x = 0, at = 0; at < pixels.Length; x += bits, at += Image.Channels)
        {
            int index = (row[x >> 3] >> (8 - bits - (x & 7))) & mask;
            lookup.Slice(index * Image.Channels, Image.Channels).CopyTo(pixels[at..]);
        }
    }

    /// <summary>16-bit gray is an integer image in Pillow, and clipped to 0 … 255 on the way to RGB: all from 255 on is white.</summary>
    private static void ClipGray16(ReadOnlySpan<byte> row, Span<byte> pixels)
    {
        for (int x = 0, at = 0; at < pixels.Length; x += 2, at += Image.Channels)
            pixels.Slice(at, Image.Channels).Fill(row[x] != 0 ? (byte)255 : row[x + 1]);
    }

    /// <summary>RGB, RGBA or gray with alpha, of 8 or 16 bits: alpha is dropped, samples are big-endian.</summary>
    private static void TakeUpperBytes(ReadOnlySpan<byte> row, int channels, int sampleBytes, Span<byte> pixels)
    {
        int green = channels == 2 ? 0 : sampleBytes, blue = 2 * green;
        for (int x = 0, at = 0; at < pixels.Length; x += channels * sampleBytes, at += Image.Channels)
        {
            pixels[at] = row[x];
            pixels[at + 1] = row[x + green];
            pixels[at + 2] = row[x + blue];
        }
    }
}
