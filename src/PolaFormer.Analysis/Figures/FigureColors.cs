using SkiaSharp;

namespace PolaFormer.Analysis.Figures;

/// <summary>Colours of text and marks.</summary>
internal static class FigureColors
{
    public static SKColor Text { get; } = new(0x1c, 0x20, 0x26);

    public static SKColor Faint { get; } = new(0x55, 0x5c, 0x66);

    public static SKColor Mark { get; } = new(0xe6, 0x1e, 0x1e);
}
