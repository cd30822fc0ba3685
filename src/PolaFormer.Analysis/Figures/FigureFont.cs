using ScottPlot;
using SkiaSharp;

namespace PolaFormer.Analysis.Figures;

/// <summary>The font of figures, DejaVu Sans from this library: a figure looks the same on every system, whatever fonts it has.</summary>
internal sealed class FigureFont : IFontResolver
{
    /// <summary>Name of the family.</summary>
    public const string Name = "DejaVu Sans";

    private static readonly Lazy<SKTypeface> s_typeface = new(Load);

    static FigureFont() => Fonts.FontResolvers.Insert(0, new FigureFont());

    /// <summary>Makes the font known to ScottPlot, once.</summary>
    public static void Use() => Fonts.Default = Name;

    /// <summary>The font at a size.</summary>
    public static SKFont OfSize(float size) => new(s_typeface.Value, size) { Subpixel = true, LinearMetrics = true, Hinting = SKFontHinting.None, Edging = SKFontEdging.Antialias };

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => fontName == Name ? s_typeface.Value : null;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? s_typeface.Value : null;

    private static SKTypeface Load()
    {
        using Stream stream = typeof(FigureFont).Assembly.GetManifestResourceStream("Assets/DejaVuSans.ttf")!;
        using var data = SKData.Create(stream);
        return SKTypeface.FromData(data);
    }
}
