using System.Diagnostics;
using PolaFormer.Models;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>The update rule and the course of the learning rate that a configuration asks for.</summary>
public static class ConfiguredOptimization
{
    // The authors' rates are for 512 images a step.
    private const double ReferenceBatch = 512;

    /// <summary>TRAIN.OPTIMIZER over the parameters that have gradients.</summary>
    /// <exception cref="ConfigurationException">The rule is unknown, or one of its numbers is out of range.</exception>
    public static Optimizer Optimizer(OptimizationConfig train, VisionModel model)
    {
        OptimizerConfig rule = train.Optimizer;
        ConfigurationRules.Check(train, "TRAIN.");
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Split(model, train.WeightDecay, train.LayerDecay);
        return rule.Name.ToLowerInvariant() switch
        {
            "adamw" => new AdamW(groups, rule.Betas[0], rule.Betas[1], rule.Eps),
            "sgd" => new Sgd(groups, rule.Momentum),
            "muon" => new Muon(groups, rule.Momentum, rule.Betas[0], rule.Betas[1], rule.Eps),
            _ => throw new ConfigurationException($"TRAIN.OPTIMIZER.NAME: '{rule.Name}' is unknown; use adamw, sgd or muon."),
        };
    }

    /// <summary>What the rates of a recipe, for 512 images a step, are multiplied by.</summary>
    public static double RateScale(TrainingConfig config) => (double)config.Data.BatchSize * config.Train.AccumulationSteps / ReferenceBatch;

    /// <summary>TRAIN.LR_SCHEDULER, its rates scaled to the images of a step.</summary>
    /// <exception cref="ConfigurationException">The schedule is unknown or would fall below 0.</exception>
    public static LearningRateSchedule Schedule(TrainingConfig config, int stepsPerEpoch)
    {
        OptimizationConfig train = config.Train;
        ConfigurationRules.Check(train.LrScheduler, "TRAIN.LR_SCHEDULER.");
        double scale = RateScale(config);
        long warmup = (long)train.WarmupEpochs * stepsPerEpoch, total = (long)train.Epochs * stepsPerEpoch;
        switch (train.LrScheduler.Name)
        {
            case "cosine":
                return new CosineSchedule(train.BaseLr * scale, train.WarmupLr * scale, train.MinLr * scale, warmup, total);
            case "linear" when train.CooldownEpochs > 0:
                throw new ConfigurationException("TRAIN.LR_SCHEDULER.NAME linear falls below 0 after TRAIN.EPOCHS; set TRAIN.COOLDOWN_EPOCHS to 0.");
            case "linear":
                return new LinearSchedule(train.BaseLr * scale, train.WarmupLr * scale, warmup, total);
            case "step":
                return new StepSchedule(train.BaseLr * scale, train.WarmupLr * scale, warmup, (long)train.LrScheduler.DecayEpochs * stepsPerEpoch, train.LrScheduler.DecayRate);
            case "onecycle" when train.CooldownEpochs > 0 || warmup == 0 || warmup >= total:
                throw new ConfigurationException($"TRAIN.LR_SCHEDULER.NAME onecycle rises over TRAIN.WARMUP_EPOCHS, {train.WarmupEpochs}, and falls until TRAIN.EPOCHS, {train.Epochs}; give some epochs to both, and set TRAIN.COOLDOWN_EPOCHS to 0.");
            case "onecycle":
                return OneCycleSchedule.FromPeak(train.BaseLr * scale, warmup, total);
            case "poly" or "milestones":
                throw new ConfigurationException($"TRAIN.LR_SCHEDULER.NAME: {train.LrScheduler.Name} is not for classifiers; use cosine, linear, step or onecycle.");
            default:
                throw new UnreachableException(train.LrScheduler.Name);
        }
    }
}
