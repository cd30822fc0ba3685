using System.Runtime.InteropServices;

namespace PolaFormer.Vision.Decoding;

/// <summary>The part of libspng (0.7) that decoding needs.</summary>
internal static unsafe partial class Spng
{
    public const string Library = "spng";

    /// <summary>SPNG_FMT_RAW: samples as stored, packed below 8 bits, big-endian at 16.</summary>
    public const int FormatRaw = 512;

    /// <summary>SPNG_CRC_USE: checksums are not looked at.</summary>
    public const int CrcUse = 2;

    [LibraryImport(Library, EntryPoint = "spng_ctx_new")]
    public static partial nint ContextNew(int flags);

    [LibraryImport(Library, EntryPoint = "spng_ctx_free")]
    public static partial void ContextFree(nint context);

    [LibraryImport(Library, EntryPoint = "spng_set_crc_action")]
    public static partial int SetCrcAction(nint context, int critical, int ancillary);

    [LibraryImport(Library, EntryPoint = "spng_set_png_buffer")]
    public static partial int SetBuffer(nint context, byte* data, nuint size);

    [LibraryImport(Library, EntryPoint = "spng_decode_image")]
    public static partial int DecodeImage(nint context, byte* output, nuint size, int format, int flags);

    [LibraryImport(Library, EntryPoint = "spng_strerror")]
    private static partial nint ErrorString(int error);

    public static string Message(int error) => Marshal.PtrToStringUTF8(ErrorString(error)) ?? $"error {error}";
}
