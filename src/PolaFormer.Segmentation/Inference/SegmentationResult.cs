using PolaFormer.Segmentation.Data;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Inference;

/// <summary>The class of every pixel of a photograph.</summary>
/// <param name="Map">The classes.</param>
/// <param name="Classes">Their names and colours.</param>
public sealed record SegmentationResult(LabelMap Map, ClassNames Classes)
{
    /// <summary>The classes that are in the photograph, the largest first.</summary>
    public IReadOnlyList<ClassArea> Areas
    {
        get
        {
            long[] pixels = new long[256];
            foreach (byte value in Map.Values)
                pixels[value]++;
            return
            [
                .. Enumerable.Range(0, Classes.Names.Count).Where(c => pixels[c] > 0)
                    .Select(c => new ClassArea(Classes.Names[c].Trim(), c, pixels[c], (double)pixels[c] / Map.Values.Length))
                    .OrderByDescending(area => area.Pixels),
            ];
        }
    }

    /// <summary>The map with the colours of the classes as a palette.</summary>
    public IndexedImage ToIndexedImage() =>
        new(Map.Width, Map.Height, Map.Values, [.. Classes.Colors.SelectMany(color => new[] { color.Red, color.Green, color.Blue })]);

    /// <summary>The photograph with the colours of its classes over it, and beside it what they mean.</summary>
    /// <param name="photo">The photograph.</param>
    /// <param name="opacity">Share of the colours, in [0, 1].</param>
    public Image Overlay(Image photo, double opacity = 0.5)
    {
        using Image overlay = ClassOverlay.Of(photo, Map, Classes.Colors, opacity);
        return ClassLegend.Beside(overlay, Areas, Classes);
    }
}
