using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>
/// A run's state as the authors' main.py saves it: <c>model</c>, <c>optimizer</c>, <c>lr_scheduler</c>, <c>max_accuracy</c>,
/// <c>epoch</c> and <c>config</c>, with averaged weights <c>max_accuracy_e</c> and <c>state_dict_ema</c>. <c>config</c> is a plain
/// dictionary instead of yacs's class, so that the file loads without yacs.
/// </summary>
/// <param name="config">The resolved configuration.</param>
/// <param name="model">The network.</param>
internal sealed class AuthorsCheckpoint(TrainingConfig config, VisionModel model)
{
    /// <summary>The update rule, whose moments are saved; left out where null: the authors' code resumes AdamW only.</summary>
    public AdamW? Optimizer { get; init; }

    /// <summary>The course of the learning rate; left out where null.</summary>
    public CosineSchedule? Schedule { get; init; }

    /// <summary>The network of averaged weights, or null.</summary>
    public Module? Average { get; init; }

    /// <summary>Writes the file; it appears under its name only when it is complete.</summary>
    /// <param name="path">Where to write.</param>
    /// <param name="position">How far the run has come; the authors count whole epochs, so a run stopped within one repeats it there.</param>
    /// <exception cref="CheckpointException">The file cannot be written, or would exceed the format's 4 GiB.</exception>
    public void Write(string path, TrainingPosition position)
    {
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Split(model, config.Train.WeightDecay, config.Train.LayerDecay);
        var extra = new OrderedDictionary<string, object?>();
        if (Optimizer is not null)
            extra["optimizer"] = OptimizerState(Optimizer, groups, position.GlobalStep);
        if (Schedule is not null)
            extra["lr_scheduler"] = SchedulerState(Schedule, groups);
        // In percent; the index of the last whole epoch, from 0.
        extra["max_accuracy"] = 100 * Math.Max(position.Best, 0);
        extra["epoch"] = position.Epoch - 1;
        extra["config"] = Section(config);
        if (Average is not null)
        {
            extra["max_accuracy_e"] = 100 * Math.Max(position.BestEma, 0);
            extra["state_dict_ema"] = StateDict(Average);
        }

        TorchWriter.Write(path, StateDict(model), extra);
    }

    private static CheckpointTensor[] StateDict(Module module) =>
        [.. module.StateDict().Select(entry => TrainingCheckpoint.Stored(entry.Name, entry.Tensor))];

    // As torch.optim.AdamW.state_dict(): parameters by number, in the order of the groups.
    private OrderedDictionary<string, object?> OptimizerState(AdamW optimizer, IReadOnlyList<ParameterGroup> groups, long step)
    {
        Dictionary<string, Tensor> moments = optimizer.StateDict().ToDictionary(entry => entry.Name, entry => entry.Tensor);
        var states = new Dictionary<int, object?>();
        var written = new List<object?>();
        int number = 0;
        foreach (ParameterGroup group in groups)
        {
            int first = number;
            foreach ((string name, _) in group.Parameters)
                states[number++] = ParameterState(name, moments, optimizer.StepCount);
            written.Add(GroupState(group, Enumerable.Range(first, number - first), step));
        }

        return new() { ["state"] = optimizer.StepCount > 0 ? states : new Dictionary<int, object?>(), ["param_groups"] = written };
    }

    private static OrderedDictionary<string, object?> ParameterState(string name, Dictionary<string, Tensor> moments, long updates) => new()
    {
        ["step"] = new CheckpointTensor("", new Shape(), new float[] { updates }),
        ["exp_avg"] = TrainingCheckpoint.Stored("", moments[$"{name}.exp_avg"]),
        ["exp_avg_sq"] = TrainingCheckpoint.Stored("", moments[$"{name}.exp_avg_sq"]),
    };

    private OrderedDictionary<string, object?> GroupState(ParameterGroup group, IEnumerable<int> numbers, long step) => new()
    {
        ["lr"] = group.LearningRateScale * (Schedule?.Value(Math.Max(step - 1, 0)) ?? config.Train.BaseLr),
        ["betas"] = (config.Train.Optimizer.Betas[0], config.Train.Optimizer.Betas[1]),
        ["eps"] = config.Train.Optimizer.Eps,
        ["weight_decay"] = group.WeightDecay,
        ["amsgrad"] = false,
        ["foreach"] = null,
        ["maximize"] = false,
        ["capturable"] = false,
        ["initial_lr"] = group.LearningRateScale * (Schedule?.BaseRate ?? config.Train.BaseLr),
        ["params"] = numbers.ToArray(),
    };

    // The fields of timm 0.4.12's CosineLRScheduler over the optimiser's groups; it restores them as they are.
    private static OrderedDictionary<string, object?> SchedulerState(CosineSchedule schedule, IReadOnlyList<ParameterGroup> groups)
    {
        double rise = schedule.WarmupSteps > 0 ? (schedule.BaseRate - schedule.WarmupRate) / schedule.WarmupSteps : 1;
        return new()
        {
            ["param_group_field"] = "lr",
            ["_initial_param_group_field"] = "initial_lr",
            ["base_values"] = groups.Select(group => group.LearningRateScale * schedule.BaseRate).ToArray(),
            ["metric"] = null,
            ["noise_range_t"] = null,
            ["noise_pct"] = 0.67,
            ["noise_type"] = "normal",
            ["noise_std"] = 1.0,
            ["noise_seed"] = 42,
            ["t_initial"] = schedule.TotalSteps,
            ["t_mul"] = 1.0,
            ["lr_min"] = schedule.MinRate,
            ["decay_rate"] = 1.0,
            ["cycle_limit"] = 1,
            ["warmup_t"] = schedule.WarmupSteps,
            ["warmup_lr_init"] = schedule.WarmupRate,
            ["warmup_prefix"] = false,
            ["t_in_epochs"] = false,
            ["warmup_steps"] = groups.Select(group => group.LearningRateScale * rise).ToArray(),
        };
    }

    private static OrderedDictionary<string, object?> Section(object section)
    {
        var values = new OrderedDictionary<string, object?>();
        foreach ((string key, System.Reflection.PropertyInfo property) in ConfigurationKeys.Of(section.GetType()))
            values[key] = ConfigurationKeys.IsSection(property) ? Section(property.GetValue(section)!) : property.GetValue(section);
        return values;
    }
}
