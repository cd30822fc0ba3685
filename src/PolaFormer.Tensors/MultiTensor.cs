using PolaFormer.Tensors.Ops;

namespace PolaFormer.Tensors;

/// <summary>
/// Operations over all parameters of a network in one request each: updates of optimisers, averages of weights, limits on
/// gradients. They change tensors in place and have no gradient. The tensors of a list lie on one device.
/// </summary>
public static class MultiTensor
{
    /// <summary>One step of AdamW for all parameters.</summary>
    /// <exception cref="ArgumentException">The tensors of an entry have different shapes.</exception>
    public static void AdamW(IReadOnlyList<AdamWEntry> entries, in AdamWStep step)
    {
        for (int i = 0; i < entries.Count; i++)
        {
            AdamWEntry entry = entries[i];
            Shape shape = entry.Weight.Shape;
            if (entry.Gradient.Shape != shape || entry.Mean.Shape != shape || entry.Square.Shape != shape)
                throw new ArgumentException($"AdamW: gradient {entry.Gradient.Shape}, mean {entry.Mean.Shape} and square {entry.Square.Shape} for a parameter of shape {shape}.", nameof(entries));
        }

        if (entries.Count > 0)
            entries[0].Weight.Device.Run(new AdamW(entries, step));
    }

    /// <summary>One step of gradient descent with momentum for all parameters.</summary>
    /// <exception cref="ArgumentException">The tensors of an entry have different shapes.</exception>
    public static void Sgd(IReadOnlyList<SgdEntry> entries, in SgdStep step)
    {
        for (int i = 0; i < entries.Count; i++)
        {
            SgdEntry entry = entries[i];
            if (entry.Gradient.Shape != entry.Weight.Shape || entry.Velocity.Shape != entry.Weight.Shape)
                throw new ArgumentException($"SGD: gradient {entry.Gradient.Shape} and velocity {entry.Velocity.Shape} for a parameter of shape {entry.Weight.Shape}.", nameof(entries));
        }

        if (entries.Count > 0)
            entries[0].Weight.Device.Run(new Sgd(entries, step));
    }

    /// <summary>target ← keep·target + (1 − keep)·source for all pairs; of Int64 the result is cut to a whole number.</summary>
    /// <param name="pairs">Float32 or Int64 tensors, both of a pair of one shape and type.</param>
    /// <param name="keep">Share of the target, in [0, 1].</param>
    /// <exception cref="ArgumentException">The tensors of a pair differ in shape or type.</exception>
    public static void Lerp(IReadOnlyList<(Tensor Target, Tensor Source)> pairs, double keep) => Combine(pairs, keep, 1 - keep);

    /// <summary>target ← keep·target + take·source for all pairs, each product rounded; of Int64 the result is cut to a whole number.</summary>
    /// <param name="pairs">Float32 or Int64 tensors, both of a pair of one shape and type.</param>
    /// <param name="keep">Factor on the target.</param>
    /// <param name="take">Factor on the source.</param>
    /// <param name="rates">
    /// Where both factors lie on a device, as the first floats, so that a <see cref="RepeatedPass"/> takes those that are written there before each
    /// run; null where the device takes them from the request.
    /// </param>
    /// <exception cref="ArgumentException">The tensors of a pair differ in shape or type.</exception>
    public static void Combine(IReadOnlyList<(Tensor Target, Tensor Source)> pairs, double keep, double take, Tensor? rates = null)
    {
        for (int i = 0; i < pairs.Count; i++)
        {
            (Tensor target, Tensor source) = pairs[i];
            if (target.Shape != source.Shape || target.DType != source.DType || target.DType is not (DType.Float32 or DType.Int64))
                throw new ArgumentException($"Combine takes pairs of one shape, of Float32 or Int64; got {target.Shape} of {target.DType} and {source.Shape} of {source.DType}.", nameof(pairs));
        }

        if (pairs.Count > 0)
            pairs[0].Target.Device.Run(new Lerp(pairs, (float)keep, (float)take, rates));
    }

    /// <summary>The length of all tensors as one vector, √Σ x², added up in double precision; 0 of none.</summary>
    /// <param name="tensors">Float32 tensors.</param>
    /// <returns>(), Float64.</returns>
    public static Tensor Norm(IReadOnlyList<Tensor> tensors)
    {
        Device device = tensors.Count > 0 ? tensors[0].Device : Device.Default;
        Tensor norm = device.Empty(new Shape(), DType.Float64);
        device.Run(new GlobalNorm(tensors, norm));
        return norm;
    }

    /// <summary>Scales the tensors by max / (norm + 10⁻⁶) where that is less than 1, as torch's clip_grad_norm_.</summary>
    /// <param name="tensors">Float32 tensors.</param>
    /// <param name="norm">The result of <see cref="Norm"/> for them.</param>
    /// <param name="max">The largest norm that is kept.</param>
    public static void ClipByNorm(IReadOnlyList<Tensor> tensors, Tensor norm, double max)
    {
        if (tensors.Count > 0)
            tensors[0].Device.Run(new ClipByNorm(tensors, norm, max));
    }

    /// <summary>Cuts every element to [−max, max], as torch's clip_grad_value_.</summary>
    /// <param name="tensors">Float32 tensors.</param>
    /// <param name="max">The largest magnitude that is kept.</param>
    public static void ClipByValue(IReadOnlyList<Tensor> tensors, double max)
    {
        if (tensors.Count > 0)
            tensors[0].Device.Run(new ClipByValue(tensors, (float)max));
    }
}
