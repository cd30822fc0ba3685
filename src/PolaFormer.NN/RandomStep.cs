using PolaFormer.Tensors.Random;

namespace PolaFormer.NN;

/// <summary>
/// The seed and step of a training run, for everything random in a forward pass: drop-path and dropout draw from
/// (seed, module name, step, sample), so a resumed run repeats the draws of one that was never stopped.
/// </summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Step">Number of the training step.</param>
public readonly record struct RandomStep(ulong Seed, ulong Step)
{
    [ThreadStatic]
    private static RandomStep t_current;

    /// <summary>The random numbers of this step for one use.</summary>
    /// <param name="stream">What tells the use from others, such as the hash of a module's name.</param>
    public Philox Generator(ulong stream) => new(Seed, stream, Step);

    /// <summary>The step this thread is computing.</summary>
    public static RandomStep Current
    {
        get => t_current;
        set => t_current = value;
    }
}
