using PolaFormer.Vision.Decoding;

namespace PolaFormer.Vision.Tests;

/// <summary>The two ways that JPEG, PNG and WebP decode; tests run over both.</summary>
internal static class Codecs
{
    /// <summary>The libraries of the system, where they are installed.</summary>
    public const string OfTheSystem = "system";

    /// <summary>SkiaSharp and managed code.</summary>
    public const string OfThePackages = "packages";

    /// <summary>Decodes one way until the result is disposed.</summary>
    public static IDisposable? Use(string codecs) => codecs == OfThePackages ? NativeCodec.Ignore() : null;
}
