using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Analysis;

/// <summary>Looks into a network's attention while it sees an image.</summary>
public static class AttentionProbe
{
    /// <summary>Runs a network forward and notes what every attention was given, first layer first.</summary>
    /// <param name="model">The network, in evaluation mode and not frozen.</param>
    /// <param name="image">(1, H, W, 3), normalised.</param>
    /// <exception cref="ArgumentException">There is more than one image.</exception>
    /// <exception cref="NotFiniteNumberException">The network's values leave the range of 32-bit floats.</exception>
    public static IReadOnlyList<ProbedLayer> Run(VisionModel model, Tensor image)
    {
        if (image.Rank != 4 || image.Shape[0] != 1)
            throw new ArgumentException($"The probe takes one image, (1, H, W, 3); got {image.Shape}.", nameof(image));
        var layers = new List<ProbedLayer>();
        using (AttentionMechanism.Observe((mechanism, inputs) => layers.Add(Noted(mechanism, inputs))))
        using (MemoryScope.Enter())
            RequireFinite(model.Forward(image));
        return layers;
    }

    private static void RequireFinite(Tensor logits)
    {
        if (!logits.ToArray().All(float.IsFinite))
            throw new NotFiniteNumberException("The network gives no finite numbers for the image: its weights lead beyond the range of 32-bit floats. Take another checkpoint.");
    }

    private static ProbedLayer Noted(AttentionMechanism mechanism, AttentionInputs inputs) => new(Module.Running?.FullName ?? "", mechanism, Kept(inputs))
    {
        Local = Module.Running is GatedRotaryAttention layer ? values => layer.Local.Forward(values) : null,
    };

    // Copies of the columns alone: the projections they lie in go back to the pool.
    private static AttentionInputs Kept(AttentionInputs inputs) => inputs with
    {
        Query = Kept(inputs.Query),
        Key = Kept(inputs.Key),
        Value = Kept(inputs.Value),
        Gate = inputs.Gate is { } gate ? Kept(gate) : default(Columns?),
        Mask = Kept(inputs.Mask),
        ScoreMask = Kept(inputs.ScoreMask),
        Rotary = inputs.Rotary is { } rotary ? (Kept(rotary.Sin)!, Kept(rotary.Cos)!) : null,
    };

    private static Columns Kept(Columns x) => MemoryScope.OutsideScopes(() => x.Source.Reshape(x.Source.Shape[0], -1, x.Source.Shape[-1]).Slice(2, x.Start, x.Width).Clone());

    private static Tensor? Kept(Tensor? x) => x is null ? null : MemoryScope.OutsideScopes(x.Clone);
}
