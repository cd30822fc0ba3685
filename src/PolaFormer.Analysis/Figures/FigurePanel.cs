using SkiaSharp;

namespace PolaFormer.Analysis.Figures;

/// <summary>A part of a figure with its caption below.</summary>
/// <param name="Caption">What it shows: mechanism, layer, head, query.</param>
public abstract record FigurePanel(string Caption)
{
    /// <summary>Width without caption, in points.</summary>
    internal abstract float Width { get; }

    /// <summary>Height without caption, in points.</summary>
    internal abstract float Height { get; }

    /// <summary>Draws it with its upper left corner at the origin.</summary>
    internal abstract void Draw(SKCanvas canvas);
}
