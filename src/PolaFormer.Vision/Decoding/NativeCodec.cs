using System.Reflection;
using System.Runtime.InteropServices;

namespace PolaFormer.Vision.Decoding;

/// <summary>A codec library of the operating system: where it is looked for, and which Debian package holds it.</summary>
internal sealed class NativeCodec(string name, string format, string package, params string[] fileNames)
{
    public static readonly NativeCodec TurboJpeg = new(Decoding.TurboJpeg.Library, "JPEG", "libturbojpeg0",
        "libturbojpeg.so.0", "libturbojpeg.so", "libturbojpeg.0.dylib", "libturbojpeg.dylib", "turbojpeg.dll");

    public static readonly NativeCodec Spng = new(Decoding.Spng.Library, "PNG", "libspng0",
        "libspng.so.0", "libspng.so", "libspng.dylib", "spng.dll");

    public static readonly NativeCodec WebP = new(LibWebP.Library, "WebP", "libwebp7",
        "libwebp.so.7", "libwebp.so", "libwebp.7.dylib", "libwebp.dylib", "libwebp.dll");

    private readonly Lazy<nint> _handle = new(() =>
    {
        foreach (string fileName in fileNames)
            if (NativeLibrary.TryLoad(fileName, out nint handle))
                return handle;
        return 0;
    });

    static NativeCodec() => NativeLibrary.SetDllImportResolver(typeof(NativeCodec).Assembly, Resolve);

    /// <summary>Throws, naming the package to install, when the library is not on this machine.</summary>
    public void Require()
    {
        if (_handle.Value == 0)
            throw new ImageException($"{format} images need the library {fileNames[0]}, which is not installed; on Debian: apt-get install {package}");
    }

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? path)
    {
        foreach (NativeCodec codec in (ReadOnlySpan<NativeCodec>)[TurboJpeg, Spng, WebP])
            if (codec.Name == library)
                return codec._handle.Value;
        return 0;
    }

    private string Name => name;
}
