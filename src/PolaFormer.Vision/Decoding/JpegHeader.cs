using System.Buffers.Binary;

namespace PolaFormer.Vision.Decoding;

/// <summary>What the markers in front of the first scan say, and where its data begin. Accepts and refuses the same files as Pillow's reader does.</summary>
internal readonly record struct JpegHeader(int Width, int Height, int Components, int Orientation, bool OneScan, int ScanOffset)
{
    private const int StartOfScan = 0xDA, EndOfImage = 0xD9;

    /// <summary>The two bytes in front of a scan.</summary>
    public static ReadOnlySpan<byte> StartOfScanMarker => [0xFF, StartOfScan];

    public static bool Matches(ReadOnlySpan<byte> data) => data.Length >= 3 && data[0] == 0xFF && data[1] == 0xD8 && data[2] == 0xFF;

    /// <summary>Walks the markers up to the first start of scan.</summary>
    public static JpegHeader Read(ReadOnlySpan<byte> data)
    {
        int width = 0, height = 0, components = 0, orientation = 1;
        bool exifSeen = false, progressive = false;
        int position = 2;
        while (true)
        {
            // Bytes between segments, and the stuffing 0xFF before a marker, are passed over.
            int start = data[Math.Min(position, data.Length)..].IndexOf((byte)0xFF);
            if (start < 0 || position + start + 1 >= data.Length)
                throw new ImageException("JPEG: the file ends before the image data");
            position += start + 1;
            int marker = data[position];
            if (marker == 0xFF)
                continue;
            position++;
            if (marker == 0 || marker is 0xC8 or 0xCC or (>= 0xD0 and <= 0xD9) or (>= 0xF0 and <= 0xFD))
                continue;
            if (marker < 0xC0)
                throw new ImageException($"JPEG: unknown marker FF{marker:X2}");

            ReadOnlySpan<byte> segment = Segment(data, position);
            position += 2 + segment.Length;
            if (IsStartOfFrame(marker))
            {
                (width, height, components) = ReadFrame(segment);
                progressive = marker is 0xC2 or 0xC6 or 0xCA or 0xCE;
            }
            else if (marker == 0xDB)
                CheckQuantisationTables(segment);
            else if (marker == 0xE1 && !exifSeen && segment.StartsWith("Exif\0"u8))
            {
                exifSeen = true;
                orientation = ExifOrientation.Read(segment.Length > 6 ? segment[6..] : default);
            }
            else if (marker == StartOfScan)
            {
                if (components == 0)
                    throw new ImageException("JPEG: image data without a frame header");
                bool oneScan = !progressive && segment.Length > 0 && segment[0] == components;
                return new(width, height, components, orientation, oneScan, position);
            }
        }
    }

    /// <summary>
    /// Whether the picture ends before the file does. The scan of a file with a single one ends at any marker; else the end-of-image
    /// marker must be reached, walking from the first scan over entropy-coded data and whole segments.
    /// </summary>
    public bool HasEnd(ReadOnlySpan<byte> data)
    {
        int position = ScanOffset;
        while (true)
        {
            int skip = data[position..].IndexOf((byte)0xFF);
            if (skip < 0 || position + skip + 1 >= data.Length)
                return false;
            position += skip + 1;
            int marker = data[position];
            if (marker == EndOfImage)
                return true;
            if (marker is 0xFF)
                continue;
            position++;
            if (marker is 0 or 1 or (>= 0xD0 and <= 0xD8))
                continue;
            if (OneScan)
                return true;
            if (data.Length - position < 2)
                return false;
            position += BinaryPrimitives.ReadUInt16BigEndian(data[position..]);
            if (position > data.Length)
                return false;
        }
    }

    /// <summary>
    /// Refuses what stands between the first scan and the end of the image and cannot stand there: TurboJPEG reads as far, SkiaSharp only as far as
    /// the last row of pixels.
    /// </summary>
    public void CheckBehindFirstScan(ReadOnlySpan<byte> data)
    {
        int position = ScanOffset;
        while (true)
        {
            int skip = data[position..].IndexOf((byte)0xFF);
            if (skip < 0 || position + skip + 1 >= data.Length)
                return;
            position += skip + 1;
            int marker = data[position];
            if (marker == 0xFF)
                continue;
            position++;
            if (marker == EndOfImage)
                return;

            // Damaged data hold markers that do not exist.
            if (marker is < 0xC0 or (>= 0xD0 and <= 0xD7))
                continue;
            if (marker is 0xD8 or (>= 0xF0 and <= 0xFD) || IsStartOfFrame(marker))
                throw new ImageException($"JPEG: marker FF{marker:X2} behind the first scan");
            if (data.Length - position < 2 || BinaryPrimitives.ReadUInt16BigEndian(data[position..]) > data.Length - position)
                return;
            ReadOnlySpan<byte> segment = Segment(data, position);
            position += 2 + segment.Length;
            if (marker == 0xDB)
                CheckQuantisationTables(segment);
            else if (marker == 0xC4)
                CheckHuffmanTables(segment);
        }
    }

    private static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> data, int position)
    {
        if (data.Length - position < 2)
            throw new ImageException("JPEG: truncated in the header");
        int length = BinaryPrimitives.ReadUInt16BigEndian(data[position..]) - 2;
        if (length < 0)
            throw new ImageException("JPEG: a header segment has an impossible length");
        if (length > data.Length - position - 2)
            throw new ImageException("JPEG: truncated in the header");
        return data.Slice(position + 2, length);
    }

    private static bool IsStartOfFrame(int marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC) or 0xDE;

    private static (int Width, int Height, int Components) ReadFrame(ReadOnlySpan<byte> segment)
    {
        if (segment.Length < 6 || (segment.Length - 6) % 3 != 0)
            throw new ImageException("JPEG: broken frame header");
        if (segment[0] != 8)
            throw new ImageException($"JPEG: {segment[0]} bits a sample are not supported, only 8");
        if (segment[5] is not (1 or 3 or 4))
            throw new ImageException($"JPEG: {segment[5]} components are not supported, only 1, 3 or 4");
        return (BinaryPrimitives.ReadUInt16BigEndian(segment[3..]), BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), segment[5]);
    }

    // A class and an index, how many codes there are of each length from 1 to 16, and the codes' values.
    private static void CheckHuffmanTables(ReadOnlySpan<byte> segment)
    {
        const int lengths = 16, mostCodes = 256;
        while (segment.Length > 1 + lengths)
        {
            int codes = 0;
            foreach (byte count in segment.Slice(1, lengths))
                codes += count;
            if (segment[0] >> 4 > 1 || (segment[0] & 15) > 3 || codes > mostCodes || segment.Length < 1 + lengths + codes)
                throw new ImageException("JPEG: broken Huffman table");
            segment = segment[(1 + lengths + codes)..];
        }
    }

    private static void CheckQuantisationTables(ReadOnlySpan<byte> segment)
    {
        while (!segment.IsEmpty)
        {
            int length = 1 + (segment[0] < 16 ? 64 : 128);
            if (segment.Length < length || (segment[0] & 15) > 3)
                throw new ImageException("JPEG: broken quantisation table");
            segment = segment[length..];
        }
    }
}
