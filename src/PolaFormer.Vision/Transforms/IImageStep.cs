namespace PolaFormer.Vision.Transforms;

/// <summary>One augmentation of the pixels.</summary>
public interface IImageStep
{
    /// <summary>Applies the step.</summary>
    /// <param name="image">The image so far; it is not changed.</param>
    /// <param name="random">Where the step draws from.</param>
    /// <returns>A new image, or <paramref name="image"/> itself where nothing is to be done.</returns>
    Image Apply(Image image, IRandomSource random);
}
