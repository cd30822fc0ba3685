using System.Runtime.InteropServices;

namespace PolaFormer.Vision.Decoding;

/// <summary>The part of libwebp (1.x) that decoding needs.</summary>
internal static unsafe partial class LibWebP
{
    public const string Library = "webp";

    [LibraryImport(Library, EntryPoint = "WebPGetInfo")]
    public static partial int GetInfo(byte* data, nuint size, int* width, int* height);

    /// <returns>The output, or 0 when the data are damaged.</returns>
    [LibraryImport(Library, EntryPoint = "WebPDecodeRGBInto")]
    public static partial nint DecodeRgbInto(byte* data, nuint size, byte* output, nuint outputSize, int stride);
}
