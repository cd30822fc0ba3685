using PolaFormer.Checkpoints;
using PolaFormer.Distributed;
using PolaFormer.LongRange.Data;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;

namespace PolaFormer.LongRange;

/// <summary>The trainer of a recipe whose DATA.DATASET is a task of Long Range Arena.</summary>
public static class ArenaTrainer
{
    /// <summary>Whether a recipe is one of these.</summary>
    public static bool IsWanted(TrainingConfig config) => ArenaTask.All.Any(task => task.Name == config.Data.Dataset);

    /// <summary>Makes the trainer; the folder is made by <see cref="Trainer.Run"/>.</summary>
    /// <param name="config">The recipe.</param>
    /// <param name="outputFolder">Where the run writes.</param>
    /// <param name="device">Where to train; the default device where null.</param>
    /// <param name="workers">Those that train together; this process alone where null.</param>
    /// <exception cref="ConfigurationException">A key asks for what is not supported.</exception>
    /// <exception cref="Files.FileException">The data cannot be opened.</exception>
    /// <exception cref="Vision.ImageException">The data cannot be opened.</exception>
    /// <exception cref="CheckpointException">MODEL.PRETRAINED cannot be read or does not fit.</exception>
    public static Trainer Create(TrainingConfig config, string outputFolder, Device? device = null, WorkerGroup? workers = null)
    {
        RequireSupported(config);
        device ??= Device.Default;
        using IDisposable used = device.Use();
        ArenaTask task = ArenaTask.Find(config.Data.Dataset);
        ArenaProtocol protocol = ProtocolOf(config);
        SequenceClassifier network = NetworkOf(config, task);
        if (config.Model.Pretrained.Length > 0)
        {
            using Checkpoint checkpoint = Checkpoint.Open(config.Model.Pretrained);
            ModelLoader.LoadStrict(network, checkpoint);
        }

        var badRows = new BadRows(isSkipping: config.Data.BadImages == "skip");
        ArenaSource source = SourceOf(config, protocol);
        ArenaData data = ArenaData.Open(task, source, badRows);
        var description = new SequenceDescription(task, network.Config) { ListOpsTokens = source.ListOpsTokens, Protocol = protocol.Kind };
        ArenaTrainingTask training = Refused(() => new ArenaTrainingTask(network, data, protocol, description, (ulong)config.Seed, device, badRows.Messages));

        OptimizationConfig train = config.Train;
        long steps = (long)train.Epochs * protocol.StepsPerEpoch;
        var optimizer = new AdamW([new ParameterGroup([.. network.NamedParameters()], train.WeightDecay)], train.Optimizer.Betas[0], train.Optimizer.Betas[1], train.Optimizer.Eps);
        var schedule = OneCycleSchedule.FromPeak(train.BaseLr, config.LongRange.WarmupSteps, steps);
        return new Trainer(training, ConfiguredTrainer.Options(config, optimizer, schedule, workers) with
        {
            AccumulationSteps = MicroBatches.CountOf(config) > 1 ? 1 : protocol.Chunks,
            SaveBestAfter = protocol.SaveAfter(steps),

            // Skyformer's best starts at 0, which an accuracy of 0 does not beat.
            BestToBeat = protocol.Kind == ArenaProtocolKind.Paper ? 0 : -1,
        }, outputFolder);
    }

    /// <summary>The network of a recipe, its weights drawn.</summary>
    /// <exception cref="ConfigurationException">A key asks for what is not supported.</exception>
    public static SequenceClassifier NetworkOf(TrainingConfig config, ArenaTask task)
    {
        LongRangeConfig shape = config.LongRange;
        int length = shape.MaxLength > 0 ? shape.MaxLength : task.Length;
        return Refused(() =>
        {
            var network = new SequenceClassifier(new SequenceClassifierConfig
            {
                Attention = ArenaMechanism.Resolve(config.Model.Attention is [string name] ? name : "softmax", length),
                VocabularySize = task.VocabularySize,
                MaxLength = length,
                Dim = shape.Dim,
                HiddenDim = shape.HiddenDim,
                NumHeads = shape.NumHeads,
                HeadDim = shape.HeadDim,
                NumLayers = shape.NumLayers,
                SharesLayers = shape.SharesLayers,
                NumClasses = task.Classes.Count,
                IsDual = task.IsDual,
                UsesClassToken = shape.Pooling == "cls",
                DropRate = (float)config.Model.DropRate,
                AttentionDropRate = (float)shape.AttentionDropRate,
            });
            network.Initialize((ulong)config.Seed);
            return network;
        });
    }

    /// <summary>Where a recipe's rows lie and how they are read.</summary>
    public static ArenaSource SourceOf(TrainingConfig config) => SourceOf(config, ProtocolOf(config));

    /// <summary>Sizes and evaluation of a recipe.</summary>
    public static ArenaProtocol ProtocolOf(TrainingConfig config) => new(config.Data.BatchSize, config.LongRange.StepsPerEpoch)
    {
        Kind = config.LongRange.Protocol == "honest" ? ArenaProtocolKind.Honest : ArenaProtocolKind.Paper,
        DevBatches = config.LongRange.DevBatches,
        Chunks = MicroBatches.CountOf(config) > 1 ? MicroBatches.CountOf(config) : config.LongRange.Chunks,
    };

    private static ArenaSource SourceOf(TrainingConfig config, ArenaProtocol protocol) => new(config.Data.DataPath)
    {
        ListOpsTokens = config.LongRange.ListopsTokens == "skyformer" ? ListOpsTokens.Skyformer : ListOpsTokens.Google,
        Pairs = config.LongRange.Pairs,
        Protocol = protocol.Kind,
    };

    private static void RequireSupported(TrainingConfig config)
    {
        ConfigurationRules.Check(config);
        OptimizationConfig train = config.Train;
        Require(config.Model.Type == SequenceDescription.Architecture, $"MODEL.TYPE: '{config.Model.Type}' is no network of sequences; DATA.DATASET {config.Data.Dataset} takes {SequenceDescription.Architecture}.");
        Require(config.Model.Attention.Length <= 1, "MODEL.ATTENTION: a network of sequences takes one attention for all blocks.");
        Require(train.LrScheduler.Name == "onecycle", $"TRAIN.LR_SCHEDULER.NAME: '{train.LrScheduler.Name}' is not for tasks of Long Range Arena; use onecycle.");
        Require(train.Optimizer.Name.Equals("adamw", StringComparison.OrdinalIgnoreCase), $"TRAIN.OPTIMIZER.NAME: '{train.Optimizer.Name}' is not for tasks of Long Range Arena; use adamw.");
        Require(train.AccumulationSteps == 1, "TRAIN.ACCUMULATION_STEPS: tasks of Long Range Arena cut a batch into LONG_RANGE.CHUNKS instead; set it to 1.");
        Require(MicroBatches.CountOf(config) == 1 || config.LongRange.Chunks == 1, "TRAIN.MICRO_BATCHES cuts a batch as LONG_RANGE.CHUNKS does; set one of them to 1.");
        Require(train.CooldownEpochs == 0 && train.StartEpoch == 0, "TRAIN.COOLDOWN_EPOCHS and TRAIN.START_EPOCH: the schedule of Long Range Arena is the whole run; set both to 0.");
        Require(train.Freeze.Length == 0 && train.LayerDecay == 1, "TRAIN.FREEZE and TRAIN.LAYER_DECAY are for networks of images; leave them out.");
        Require(!config.SavePth, "SAVE_PTH: the authors' layout is one of image classifiers; set it to false.");
        long steps = (long)train.Epochs * config.LongRange.StepsPerEpoch;
        Require(config.LongRange.WarmupSteps < steps, FormattableString.Invariant($"LONG_RANGE.WARMUP_STEPS: {config.LongRange.WarmupSteps} steps of warm-up leave nothing of {steps}, TRAIN.EPOCHS times LONG_RANGE.STEPS_PER_EPOCH, for the fall. Give fewer, or more epochs."));

        static void Require(bool isRight, string problem)
        {
            if (!isRight)
                throw new ConfigurationException(problem);
        }
    }

    private static T Refused<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException error)
        {
            throw new ConfigurationException($"LONG_RANGE: {error.Message}", error);
        }
    }
}
