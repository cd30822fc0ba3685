using System.Reflection;
using System.Runtime.InteropServices;

namespace PolaFormer.Vision.Decoding;

/// <summary>
/// A codec library of the operating system. Where it is installed, it decodes: it is faster. Elsewhere SkiaSharp and managed code do.
/// </summary>
internal sealed class NativeCodec(string name, params string[] fileNames)
{
    public static readonly NativeCodec TurboJpeg = new(Decoding.TurboJpeg.Library,
        "libturbojpeg.so.0", "libturbojpeg.so", "libturbojpeg.0.dylib", "libturbojpeg.dylib", "turbojpeg.dll");

    public static readonly NativeCodec Spng = new(Decoding.Spng.Library,
        "libspng.so.0", "libspng.so", "libspng.dylib", "spng.dll");

    public static readonly NativeCodec WebP = new(LibWebP.Library,
        "libwebp.so.7", "libwebp.so", "libwebp.7.dylib", "libwebp.dylib", "libwebp.dll");

    private readonly Lazy<nint> _handle = new(() =>
    {
        foreach (string fileName in fileNames)
            if (NativeLibrary.TryLoad(fileName, out nint handle))
                return handle;
        return 0;
    });

    static NativeCodec() => NativeLibrary.SetDllImportResolver(typeof(NativeCodec).Assembly, Resolve);

    [ThreadStatic]
    private static bool t_areIgnored;

    /// <summary>Whether the library decodes on this machine.</summary>
    public bool IsUsed => !t_areIgnored && _handle.Value != 0;

    /// <summary>Lets this thread decode as on a machine without these libraries, until the result is disposed.</summary>
    public static IDisposable Ignore()
    {
        t_areIgnored = true;
        return new EndOfIgnoring();
    }

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? path)
    {
        foreach (NativeCodec codec in (ReadOnlySpan<NativeCodec>)[TurboJpeg, Spng, WebP])
            if (codec.Name == library)
                return codec._handle.Value;
        return 0;
    }

    private string Name => name;

    private sealed class EndOfIgnoring : IDisposable
    {
        public void Dispose() => t_areIgnored = false;
    }
}
