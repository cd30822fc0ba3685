using System.Runtime.InteropServices;

namespace PolaFormer.Vision.Decoding;

/// <summary>The part of the TurboJPEG API (2.x) that decoding needs.</summary>
internal static unsafe partial class TurboJpeg
{
    public const string Library = "turbojpeg";

    public const int PixelFormatRgb = 0;
    public const int PixelFormatCmyk = 11;

    /// <summary>TJFLAG_LIMITSCANS: progressive files of more than 500 scans, which only exist to waste time, are errors.</summary>
    public const int FlagLimitScans = 32768;

    /// <summary>What that flag allows.</summary>
    public const int MostScans = 500;

    /// <summary>TJFLAG_FASTUPSAMPLE and TJFLAG_FASTDCT: colours are repeated instead of interpolated, the transform is a little less accurate.</summary>
    public const int FlagFastUpsample = 256, FlagFastDct = 2048;

    /// <summary>TJERR_WARNING: the image was decoded, but its data are damaged.</summary>
    public const int ErrorIsWarning = 0;

    /// <summary>How the messages begin after which decoding goes on. Needed because an error that follows a warning is reported as a warning.</summary>
    private static readonly string[] s_warnings =
    [
        "Corrupt JPEG data", "Premature end of JPEG file", "Warning:", "Inconsistent progression sequence",
        "Invalid SOS parameters for sequential JPEG", "Unknown Adobe color transform code", "Application transferred too many scanlines",
    ];

    [LibraryImport(Library, EntryPoint = "tjInitDecompress")]
    public static partial nint InitDecompress();

    [LibraryImport(Library, EntryPoint = "tjDestroy")]
    public static partial int Destroy(nint handle);

    [LibraryImport(Library, EntryPoint = "tjDecompressHeader3")]
    public static partial int DecompressHeader(nint handle, byte* data, CULong size, int* width, int* height, int* subsampling, int* colorspace);

    [LibraryImport(Library, EntryPoint = "tjDecompress2")]
    public static partial int Decompress(nint handle, byte* data, CULong size, byte* output, int width, int pitch, int height, int pixelFormat, int flags);

    [LibraryImport(Library, EntryPoint = "tjGetErrorCode")]
    public static partial int GetErrorCode(nint handle);

    [LibraryImport(Library, EntryPoint = "tjGetErrorStr2")]
    private static partial nint GetErrorString(nint handle);

    /// <summary>The library's last message on one line.</summary>
    public static string Message(nint handle) => (Marshal.PtrToStringUTF8(GetErrorString(handle)) ?? "").ReplaceLineEndings(" ");

    public static bool IsWarning(string message) => s_warnings.Any(start => message.StartsWith(start, StringComparison.Ordinal));
}
