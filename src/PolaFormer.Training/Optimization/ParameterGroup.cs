using PolaFormer.Models;
using PolaFormer.NN;

namespace PolaFormer.Training.Optimization;

/// <summary>Parameters that share a weight decay.</summary>
/// <param name="Parameters">Names and tensors in state-dict order.</param>
/// <param name="WeightDecay">Decoupled decay, relative to the learning rate.</param>
/// <param name="LearningRateScale">Factor on the learning rate.</param>
public sealed record ParameterGroup(IReadOnlyList<(string Name, Parameter Parameter)> Parameters, double WeightDecay, double LearningRateScale = 1)
{
    /// <summary>
    /// Two groups as the authors' optimizer.py makes them: the first decays; the second, of rank-1 tensors, biases and what
    /// the model exempts by name or keyword, does not.
    /// </summary>
    public static IReadOnlyList<ParameterGroup> Split(VisionModel model, double weightDecay)
    {
        ILookup<bool, (string, Parameter)> decays = model.NamedParameters().ToLookup(entry => Decays(model, entry.Name, entry.Parameter));
        return [new([.. decays[true]], weightDecay), new([.. decays[false]], 0)];
    }

    private static bool Decays(VisionModel model, string name, Parameter parameter) =>
        parameter.Rank != 1
        && !name.EndsWith(".bias", StringComparison.Ordinal)
        && !model.NoWeightDecay.Any(exempt => name == exempt || name.EndsWith($".{exempt}", StringComparison.Ordinal))
        && !model.NoWeightDecayKeywords.Any(keyword => name.Contains(keyword, StringComparison.Ordinal));
}
