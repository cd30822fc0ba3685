using System.Buffers.Binary;
using PolaFormer.Files;
using PolaFormer.Vision.Decoding;

namespace PolaFormer.Vision.Tests;

/// <summary>Thousands of damaged files: each decodes or is refused in one line, and none brings the process down.</summary>
public class DecoderFuzzTests
{
    private const int Mutations = 2500;

    private static readonly string[] s_seeds =
    [
        "decode_jpeg/q75_420.jpg", "decode_jpeg/progressive_420.jpg", "decode_jpeg/gray.jpg",
        "decode_png/palette16.png", "decode_png/adam7.png", "decode_png/bilevel.png", "decode_png/graya.png",
    ];

    public static TheoryData<string, string> Seeds =>
        [.. from seed in s_seeds from codecs in new[] { Codecs.OfTheSystem, Codecs.OfThePackages } select (seed, codecs)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void DamagedFilesAreDecodedOrRefused(string seed, string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
        Fuzz(File.ReadAllBytes(SharedData.Fixture($"E_images/{seed}")), Mutations);
    }

    [Theory]
    [InlineData("plain.gif")]
    [InlineData("interlaced.gif")]
    [InlineData("small_transparent.gif")]
    [InlineData("big_tiles_5.tif")]
    [InlineData("little_strips_32773.tif")]
    [InlineData("big_predicted_16.tif")]
    [InlineData("little_predicted_planar.tif")]
    [InlineData("little_3_4.tif")]
    [InlineData("bigtiff_lzw.tif")]
    [InlineData("png.ico")]
    [InlineData("bitmap_8.ico")]
    [InlineData("several.ico")]
    [InlineData("text_colour_200.ppm")]
    [InlineData("text_bits.pbm")]
    [InlineData("gray_1000.pgm")]
    [InlineData("lossy_small_frame.webp")]
    [InlineData("lossless_alpha.webp")]
    public void DamagedFilesOfOtherFormatsAreDecodedOrRefused(string name) => Fuzz(FormatReferenceTests.Read(name), Mutations);

    [Theory]
    [InlineData(Codecs.OfTheSystem)]
    [InlineData(Codecs.OfThePackages)]
    public void APngThatAsksForAPresetDictionaryIsRefused(string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
        byte[] png = new IndexedImage(4, 4, new byte[16], []).ToPng();
        int flags = png.AsSpan().IndexOf("IDAT"u8) + 5;
        png[flags] = 0x20; // FDICT of RFC 1950, its check valid beside 0x78.
        Assert.StartsWith("PNG: ", Assert.Throws<ImageException>(() => ImageDecoder.Decode(png).Dispose()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Codecs.OfTheSystem)]
    [InlineData(Codecs.OfThePackages)]
    public void DamagedWebPsAreDecodedOrRefused(string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
        using Image image = ResamplingTests.RandomImage(12, 9, seed: 1);
        Fuzz(WebPTests.Encode(image), Mutations);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(4, 2)]
    [InlineData(8, 1)]
    [InlineData(16, 3)]
    [InlineData(32, 0)]
    public void DamagedBitmapsAreDecodedOrRefused(byte bits, byte compression)
    {
        byte[] header =
        [
            .. "BM"u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 1, 0, bits, 0, compression, 0, 0, 0,
            .. new byte[20],
        ];
        byte[] body = new byte[1100];
        new Random(bits).NextBytes(body);
        if (compression == 3)
            ((ReadOnlySpan<byte>)[0, 0xF8, 0, 0, 0xE0, 7, 0, 0, 0x1F, 0, 0, 0]).CopyTo(body);
        Fuzz([.. header, .. body], Mutations);
    }

    private static void Fuzz(byte[] file, int mutations)
    {
        var random = new Random(file.Length);
        // A limit keeps the time of headers that claim millions of pixels down.
        var options = new ImageDecodeOptions { PixelLimit = 200_000, ApplyExifOrientation = true };
        int decoded = 0, refused = 0;
        for (int trial = 0; trial < mutations; trial++)
        {
            byte[] copy = Mutate(file, random);
            // An attacker would write matching checksums, and so get past ours to the library.
            if (trial % 2 == 0 && PngChunks.Matches(copy))
                RepairChecksums(copy);
            try
            {
                using Image image = ImageDecoder.Decode(copy, options);
                Assert.InRange((long)image.Width * image.Height, 1, options.PixelLimit);
                decoded++;
            }
            catch (ImageException error)
            {
                Assert.DoesNotContain('\n', error.Message);
                refused++;
            }
        }
        Assert.Equal(mutations, decoded + refused);
    }

    private static void RepairChecksums(Span<byte> png)
    {
        for (int at = 8; at + 12 <= png.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png[at..]);
            if (length > png.Length - at - 12)
                return;
            int end = at + 8 + (int)length;
            BinaryPrimitives.WriteUInt32BigEndian(png[end..], Crc32.Append(0, png[(at + 4)..end]));
            at = end + 4;
        }
    }

    /// <summary>Up to six changes: bytes overwritten, bits flipped, a range removed or doubled, the end cut off. Half of them near the header.</summary>
    private static byte[] Mutate(byte[] file, Random random)
    {
        var bytes = new List<byte>(file);
        for (int change = random.Next(1, 7); change > 0 && bytes.Count > 8; change--)
        {
            int limit = random.Next(2) == 0 ? Math.Min(bytes.Count, 200) : bytes.Count;
            int at = random.Next(limit), length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(8))
            {
                case 0:
                    bytes.RemoveRange(at, length);
                    break;
                case 1:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 2 when random.Next(4) == 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 3:
                    bytes[at] = 0xFF;
                    break;
                case 4:
                    bytes[at] = 0;
                    break;
                case 5:
                    bytes[at] = (byte)random.Next(256);
                    break;
                default:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }
        return [.. bytes];
    }
}
