using PolaFormer.Vision;

namespace PolaFormer.DependencyInjection;

/// <summary>An image for trying a network out.</summary>
internal static class GreyImage
{
    /// <summary>A grey square.</summary>
    public static Image Of(int side)
    {
        var image = new Image(side, side);
        image.Pixels.Fill(128);
        return image;
    }
}
