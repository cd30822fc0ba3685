using PolaFormer.Vision.Transforms;

namespace PolaFormer.Detection.Data;

/// <summary>One of several sequences of steps, drawn (mmdetection's AutoAugment).</summary>
/// <param name="policies">The sequences.</param>
public sealed class PolicyStep(IReadOnlyList<IReadOnlyList<IAnnotatedStep>> policies) : IAnnotatedStep
{
    /// <inheritdoc/>
    public AnnotatedImage Apply(AnnotatedImage image, IRandomSource random) =>
        policies[random.Integer(0, policies.Count - 1)].Aggregate(image, (changed, step) => step.Apply(changed, random));
}
