using PolaFormer.Vision.Transforms;

namespace PolaFormer.Detection.Data;

/// <summary>A step of a pipeline over photographs and their objects.</summary>
public interface IAnnotatedStep
{
    /// <summary>Changes an image and its objects.</summary>
    AnnotatedImage Apply(AnnotatedImage image, IRandomSource random);
}
