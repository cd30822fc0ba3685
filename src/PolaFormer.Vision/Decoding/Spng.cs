using System.Runtime.InteropServices;

namespace PolaFormer.Vision.Decoding;

/// <summary>The part of libspng (0.7) that decoding and encoding need.</summary>
internal static unsafe partial class Spng
{
    public const string Library = "spng";

    /// <summary>SPNG_FMT_RAW: samples as stored, packed below 8 bits, big-endian at 16.</summary>
    public const int FormatRaw = 512;

    /// <summary>SPNG_CRC_USE: checksums are not looked at.</summary>
    public const int CrcUse = 2;

    /// <summary>SPNG_FMT_PNG: samples as the header describes them.</summary>
    public const int FormatPng = 256;

    /// <summary>SPNG_CTX_ENCODER.</summary>
    public const int Encoder = 2;

    /// <summary>SPNG_ENCODE_TO_BUFFER: the file grows in memory.</summary>
    public const int EncodeToBuffer = 12;

    /// <summary>SPNG_ENCODE_FINALIZE: the end of the file is written, too.</summary>
    public const int EncodeFinalize = 2;

    /// <summary>SPNG_COLOR_TYPE_TRUECOLOR.</summary>
    public const byte TrueColor = 2;

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

    [LibraryImport(Library, EntryPoint = "spng_set_option")]
    public static partial int SetOption(nint context, int option, int value);

    [LibraryImport(Library, EntryPoint = "spng_set_ihdr")]
    public static partial int SetHeader(nint context, Header* header);

    [LibraryImport(Library, EntryPoint = "spng_encode_image")]
    public static partial int EncodeImage(nint context, byte* image, nuint size, int format, int flags);

    [LibraryImport(Library, EntryPoint = "spng_get_png_buffer")]
    public static partial nint GetBuffer(nint context, out nuint size, int* error);

    [LibraryImport(Library, EntryPoint = "spng_strerror")]
    private static partial nint ErrorString(int error);

    public static string Message(int error) => Marshal.PtrToStringUTF8(ErrorString(error)) ?? $"error {error}";

    /// <summary>struct spng_ihdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Header
    {
        public uint Width, Height;
        public byte BitDepth, ColorType, CompressionMethod, FilterMethod, InterlaceMethod;
    }
}
