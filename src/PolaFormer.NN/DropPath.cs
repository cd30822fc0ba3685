using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN;

/// <summary>
/// Stochastic depth: in training a whole sample is dropped with the given probability and the others are divided by the
/// probability to stay; in evaluation the input passes unchanged.
/// </summary>
/// <param name="probability">Chance that a sample is dropped, in [0, 1).</param>
public sealed class DropPath(float probability) : Module
{
    private ulong? _stream;

    /// <summary>Chance that a sample is dropped.</summary>
    public float Probability => probability;

    /// <summary>The uniform draws of every forward pass, one a sample; null for those of <see cref="RandomStep"/>.</summary>
    internal float[]? Draws { get; set; }

    /// <summary>
    /// Probabilities of consecutive blocks, evenly spaced from 0 to <paramref name="rate"/>: exactly the float32 values of
    /// torch.linspace on a processor with AVX2, which counts from the nearer end and rounds whole groups of lanes and the
    /// rest differently.
    /// </summary>
    public static float[] Schedule(float rate, int count)
    {
        const int Lanes = 8;
        float[] schedule = new float[count];
        float step = rate / (count - 1);
        int half = count / 2, grouped = count / (2 * Lanes) * (2 * Lanes);
        for (int i = 1; i < count; i++)
        {
            int first = i / Lanes * Lanes;
            if (i >= grouped)
                schedule[i] = i < half ? step * i : MathF.FusedMultiplyAdd(-step, count - i - 1, rate);
            else
                schedule[i] = (first < half ? step * first : rate - (step * (count - first - 1))) + (step * (i - first));
        }

        return schedule;
    }

    private bool Drops => IsTraining && probability > 0;

    /// <summary>residual + what is kept of the branch's result for x, scaled channel by channel by <paramref name="gamma"/> if given.</summary>
    public Tensor Add(Tensor residual, Module branch, Tensor x, Tensor? gamma = null)
    {
        if (gamma is null && !Drops)
            return branch.ForwardOnto(residual, x);
        return Add(residual, branch.Forward(x), gamma);
    }

    /// <inheritdoc cref="Add(Tensor, Module, Tensor, Tensor?)"/>
    public Tensor Add(Tensor residual, Tensor result, Tensor? gamma = null)
    {
        if (gamma is null && !Drops)
            return residual + result;
        using var scope = MemoryScope.Enter();
        return scope.Return(Tensor.ScaledResidual(residual, result, gamma, Drops ? Factors(result) : null));
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        if (!Drops)
            return x;
        Span<int> shape = stackalloc int[x.Rank];
        shape.Fill(1);
        shape[0] = x.Shape[0];
        return x * Factors(x).Reshape(shape);
    }

    // (B), on the device of x.
    private Tensor Factors(Tensor x)
    {
        float keep = 1 - probability;
        Shape samples = [x.Shape[0]];
        Tensor draws;
        if (Draws is null)
        {
            RandomStep step = RandomStep.Current;
            draws = Tensor.Empty(samples, device: x.Device);
            draws.FillUniform(step.Generator(_stream ??= HashOf(FullName)), 0, 1);
        }
        else
        {
            draws = Tensor.From(Draws.AsSpan(0, samples[0]), samples, x.Device);
        }

        // timm: floor(keep + u) is 1 with probability keep.
        return (draws + keep).Compare(Comparison.GreaterOrEqual, 1) * (1 / keep);
    }
}
