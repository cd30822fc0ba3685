using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Optimization;

/// <summary>A parameter with the state that its optimiser keeps.</summary>
/// <param name="Name">Name in the network.</param>
/// <param name="Parameter">The parameter.</param>
/// <param name="Group">The group that it belongs to.</param>
/// <param name="State">The optimiser's state of it.</param>
public sealed record OptimizedParameter(string Name, Parameter Parameter, ParameterGroup Group, IReadOnlyList<(string Name, Tensor Tensor)> State)
{
    /// <summary>What <see cref="Optimizer.WriteRates"/> wrote for this step, on the device; null where a device takes it from requests.</summary>
    public Tensor? Rates { get; internal init; }

    internal double LearningRate(double learningRate) => learningRate * Group.LearningRateScale;

    // AdamW's state of a parameter, for rules that use it for some parameters.
    internal static (string Name, Tensor Tensor)[] MomentsOf(Parameter parameter) =>
        [("exp_avg", Tensor.Zeros(parameter.Shape, parameter.Device)), ("exp_avg_sq", Tensor.Zeros(parameter.Shape, parameter.Device))];

    internal AdamWEntry ForAdamW(double learningRate) =>
        new(Parameter, Parameter.Grad!, State[0].Tensor, State[1].Tensor, LearningRate(learningRate), Group.WeightDecay) { Rates = Rates };
}
