using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>TRAIN.OPTIMIZER: the update rule.</summary>
public sealed class OptimizerConfig
{
    /// <summary>NAME: <c>adamw</c>, <c>sgd</c> (with Nesterov momentum) or <c>muon</c>.</summary>
    public string Name { get; set; } = "adamw";

    /// <summary>EPS: added to the root of the second moment.</summary>
    [Range(0, 1, MinimumIsExclusive = true)]
    public double Eps { get; set; } = 1e-8;

    /// <summary>BETAS: decay of the first and second moment.</summary>
    [Length(2, 2), Range(0, 1, MaximumIsExclusive = true)]
    public double[] Betas { get; set; } = [0.9, 0.999];

    /// <summary>MOMENTUM: of sgd and muon.</summary>
    [Range(0, 1, MaximumIsExclusive = true)]
    public double Momentum { get; set; } = 0.9;
}
