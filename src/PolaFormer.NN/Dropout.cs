using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.NN;

/// <summary>
/// Dropout: in training every element is zeroed with the given probability and the others are divided by the probability to
/// stay; in evaluation the input passes unchanged. Draws depend on seed, module name, step and position (<see cref="RandomStep"/>).
/// </summary>
/// <param name="probability">Chance that an element is zeroed, in [0, 1).</param>
public sealed class Dropout(float probability) : Module
{
    private ulong? _stream;

    /// <summary>Chance that an element is zeroed.</summary>
    public float Probability => probability;

    /// <summary>Whether a forward pass changes its input now.</summary>
    public bool IsActive => IsTraining && probability > 0;

    /// <summary>What decides in this step, for an operator that drops elements itself; null where a forward pass changes nothing.</summary>
    public (float Probability, Philox Generator)? Draws
    {
        get
        {
            RandomStep step = RandomStep.Current;
            return IsActive ? (probability, step.Generator(_stream ??= HashOf(FullName))) : null;
        }
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Draws is var (chance, generator) ? x.Dropout(chance, generator) : x;
}
