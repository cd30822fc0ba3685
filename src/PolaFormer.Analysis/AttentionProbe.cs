using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
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
        RequireOne(image);
        var layers = new List<ProbedLayer>();
        using (AttentionMechanism.Observe((mechanism, inputs) => layers.Add(Noted(mechanism, inputs))))
        using (MemoryScope.Enter())
            RequireFinite(model.Forward(image).ToArray());
        return layers;
    }

    /// <summary>Runs a network forward, and back from the logit of a class.</summary>
    /// <param name="model">The network, in evaluation mode and not frozen.</param>
    /// <param name="image">(1, H, W, 3), normalised.</param>
    /// <param name="chosen">The class; the most probable one where null.</param>
    /// <exception cref="ArgumentException">There is more than one image, or no such class.</exception>
    /// <exception cref="NotFiniteNumberException">The network's values leave the range of 32-bit floats.</exception>
    public static ClassProbe RunForClass(VisionModel model, Tensor image, int? chosen = null)
    {
        RequireOne(image);
        if (chosen is < 0 || chosen >= model.NumClasses)
            throw new ArgumentException($"The network has classes 0 to {model.NumClasses - 1}, not {chosen}.", nameof(chosen));
        var layers = new List<(ProbedLayer Layer, Columns Value)>();
        using var scope = MemoryScope.Enter();
        Tensor input = image.Clone();
        input.RequiresGrad = true;

        // The weights' own gradients are not asked for, and what an optimiser has in them stays.
        Parameter[] parameters = [.. model.Parameters().Where(parameter => parameter.RequiresGrad)];
        SetTracked(parameters, false);
        try
        {
            using IDisposable observation = AttentionMechanism.Observe((mechanism, inputs) =>
            {
                inputs.Value.Source.KeepGrad();
                layers.Add((Noted(mechanism, inputs), inputs.Value));
            });
            using var tape = Tape.Start();
            Tensor features = model.ForwardFeatures(input);
            features.KeepGrad();
            Tensor logits = model.ForwardHead(features);
            float[] values = logits.ToArray(), features0 = features.ToArray(), start = new float[values.Length];
            RequireFinite(values);
            int target = chosen ?? Array.IndexOf(values, values.Max());
            start[target] = 1;
            tape.Backward(logits, Tensor.From(start, logits.Shape, logits.Device));
            (int rows, int columns) = features.Rank == 4 ? (features.Shape[1], features.Shape[2]) : (0, 0);
            return new ClassProbe(target, values[target], [.. layers.Select(noted => noted.Layer with { ValueGradient = GradientOf(noted.Value) })], features0, features.Grad!.ToArray(), rows, columns);
        }
        finally
        {
            SetTracked(parameters, true);
        }
    }

    private static void SetTracked(Parameter[] parameters, bool isTracked)
    {
        foreach (Parameter parameter in parameters)
            parameter.RequiresGrad = isTracked;
    }

    private static float[] GradientOf(Columns value) =>
        value.Source.Grad is { } gradient ? Kept(new Columns(gradient, value.Start, value.Width)).Source.ToArray() : new float[value.Source.Count / value.Source.Shape[-1] * value.Width];

    private static void RequireOne(Tensor image)
    {
        if (image.Rank != 4 || image.Shape[0] != 1)
            throw new ArgumentException($"The probe takes one image, (1, H, W, 3); got {image.Shape}.", nameof(image));
    }

    private static void RequireFinite(float[] logits)
    {
        if (!logits.All(float.IsFinite))
            throw new NotFiniteNumberException("The network gives no finite numbers for the image: its weights lead beyond the range of 32-bit floats. Take another checkpoint.");
    }

    private static ProbedLayer Noted(AttentionMechanism mechanism, AttentionInputs inputs)
    {
        // Copies on a tape would carry gradients back into it.
        using GradMode mode = GradMode.Disable();
        return new ProbedLayer(Module.Running?.FullName ?? "", mechanism, Kept(inputs))
        {
            Local = Module.Running is GatedRotaryAttention layer ? values => layer.Local.Forward(values) : null,
        };
    }

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
