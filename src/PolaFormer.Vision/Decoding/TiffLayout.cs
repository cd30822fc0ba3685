namespace PolaFormer.Vision.Decoding;

/// <summary>How a TIFF stores its pixels, within what Pillow turns into RGB.</summary>
internal readonly record struct TiffLayout
{
    private const int MaxSamples = 6;

    public const int WhiteIsZero = 0, BlackIsZero = 1, Rgb = 2, Palette = 3, Cmyk = 5;

    public long Width { get; private init; }

    public long Height { get; private init; }

    public int Photometric { get; private init; }

    /// <summary>Bits of a sample: 1, 2, 4, 8, 16 or 32.</summary>
    public int Bits { get; private init; }

    /// <summary>1 unsigned, 2 signed, 3 floating point.</summary>
    public int Format { get; private init; }

    public int Samples { get; private init; }

    /// <summary>Whether colours were multiplied by alpha, the fourth sample.</summary>
    public bool IsPremultiplied { get; private init; }

    /// <summary>Whether each sample of the pixels is stored for itself.</summary>
    public bool IsPlanar { get; private init; }

    public bool IsLittleEndian { get; private init; }

    public long Compression { get; private init; }

    public bool IsPredicted { get; private init; }

    /// <summary>Whether the lowest bit of a byte comes first.</summary>
    public bool IsBitReversed { get; private init; }

    /// <summary>Size of a tile; a strip is one of the picture's width.</summary>
    public long TileWidth { get; private init; }

    public long TileHeight { get; private init; }

    /// <summary>Samples of a pixel that lie together.</summary>
    public int SamplesTogether => IsPlanar ? 1 : Samples;

    /// <summary>Bytes of a row of a strip or tile; where samples are stored for themselves, of one of them.</summary>
    public long RowBytes => ((TileWidth * SamplesTogether * Bits) + 7) / 8;

    /// <summary>The parts that a strip or tile comes in.</summary>
    public int Planes => IsPlanar ? Samples : 1;

    public static TiffLayout Read(TiffDirectory directory)
    {
        long samples = directory.First(TiffTag.SamplesPerPixel, 1), bits = directory.First(TiffTag.BitsPerSample, 1);
        if (samples is < 1 or > MaxSamples)
            throw new ImageException($"TIFF: {samples} samples a pixel are not supported");
        TiffNumbers sizes = directory.Numbers(TiffTag.BitsPerSample);
        int counts = sizes.Count;
        if (counts > 1 && counts < samples)
            throw new ImageException($"TIFF: {samples} samples a pixel, of which {counts} have a size");
        for (int i = 1; i < Math.Min(counts, samples); i++)
        {
            if (sizes[i] != bits)
                throw new ImageException("TIFF: samples of different sizes are not supported");
        }
        bool isTiled = directory.Numbers(TiffTag.StripOffsets).Count == 0;
        long width = directory.Numbers(TiffTag.ImageWidth)[0], height = directory.Numbers(TiffTag.ImageLength)[0];
        long rows = directory.First(TiffTag.RowsPerStrip, height);
        long compression = directory.First(TiffTag.Compression, 1), predictor = TiffCompression.MayBePredicted(compression) ? directory.First(TiffTag.Predictor, 1) : 1;
        var layout = new TiffLayout
        {
            Width = width,
            Height = height,
            Photometric = (int)Math.Clamp(directory.First(TiffTag.PhotometricInterpretation, WhiteIsZero), -1, int.MaxValue),
            Bits = (int)Math.Clamp(bits, 0, 64),
            Format = (int)Math.Clamp(directory.First(TiffTag.SampleFormat, 1), 0, 9),
            Samples = (int)samples,
            IsPremultiplied = directory.First(TiffTag.ExtraSamples, 0) == 1,
            IsPlanar = samples > 1 && directory.First(TiffTag.PlanarConfiguration, 1) == 2,
            IsLittleEndian = directory.IsLittleEndian,
            Compression = compression,
            IsPredicted = predictor == 2,
            IsBitReversed = directory.First(TiffTag.FillOrder, 1) == 2,
            TileWidth = isTiled ? directory.Numbers(TiffTag.TileWidth)[0] : width,
            TileHeight = isTiled ? directory.Numbers(TiffTag.TileLength)[0] : rows <= 0 ? height : Math.Min(rows, height),
        };
        TiffCompression.Check(compression);
        if (!layout.IsKnown)
            throw new ImageException($"TIFF: pixels of kind {layout.Photometric} with {samples} samples of {bits} bits are not supported. Convert it to PNG");
        if (predictor is not (1 or 2) || predictor == 2 && layout.Bits is not (8 or 16 or 32))
            throw new ImageException($"TIFF: predictor {predictor} with {bits} bits is not supported. Convert it to PNG");
        return layout;
    }

    private bool IsKnown => (Photometric, Samples, Bits, Format) switch
    {
        (WhiteIsZero or BlackIsZero, 1, 1 or 2 or 4 or 8 or 16, 1) => true,
        (BlackIsZero, 1, 32, 1 or 2) or (BlackIsZero, 1, 16, 2) or (WhiteIsZero or BlackIsZero, 1, 32, 3) => true,
        (BlackIsZero, 2, 8, 1) or (Palette, 2, 8, 1) => true,
        (Palette, 1, 1 or 2 or 4 or 8, 1) => true,
        (Rgb, 3 or 4 or 5 or 6, 8, 1) or (Rgb, 3 or 4, 16, 1) => true,
        (Cmyk, 4 or 5 or 6, 8, 1) or (Cmyk, 4, 16, 1) => true,
        _ => false,
    };
}
