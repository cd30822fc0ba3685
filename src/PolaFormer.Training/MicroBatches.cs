using System.Globalization;
using System.Numerics;
using PolaFormer.Distributed;
using PolaFormer.Training.Configuration;
using YamlDotNet.RepresentationModel;

namespace PolaFormer.Training;

/// <summary>TRAIN.MICRO_BATCHES: the parts that a recipe cuts a batch into, for workers to share.</summary>
public static class MicroBatches
{
    /// <summary>The parts of a batch; 1 where it is whole.</summary>
    /// <exception cref="ConfigurationException">The number is no power of two, does not divide DATA.BATCH_SIZE, or batches accumulate besides.</exception>
    public static int CountOf(TrainingConfig config)
    {
        (int count, int size) = (Math.Max(config.Train.MicroBatches, 1), config.Data.BatchSize);
        if (!int.IsPow2(count))
            throw new ConfigurationException($"TRAIN.MICRO_BATCHES: {count} is no power of two; gradients add up in a binary tree.");
        if (count > 1 && config.Train.AccumulationSteps > 1)
            throw new ConfigurationException($"TRAIN.MICRO_BATCHES: {count}, while TRAIN.ACCUMULATION_STEPS is {config.Train.AccumulationSteps}. Set one of them to 1, and DATA.BATCH_SIZE to the images of a whole step.");
        if (size % count != 0)
            throw new ConfigurationException($"TRAIN.MICRO_BATCHES: {count} equal parts cannot be made of DATA.BATCH_SIZE, {size}.");
        return count;
    }

    /// <summary>Examples of a part.</summary>
    /// <exception cref="ConfigurationException">As <see cref="CountOf"/>.</exception>
    public static int SizeOf(TrainingConfig config) => config.Data.BatchSize / CountOf(config);

    /// <summary>
    /// Where the recipe leaves the number open, sets it: to that of the run which is continued, else to the smallest power of two
    /// that gives every worker a part. So a run that goes on with more or fewer workers ends with the same weights.
    /// </summary>
    /// <param name="config">The recipe; OUTPUT is the folder of the run.</param>
    /// <param name="workers">The workers.</param>
    /// <exception cref="ConfigurationException">The recipe of the run in OUTPUT cannot be read.</exception>
    public static void Settle(TrainingConfig config, WorkerGroup workers)
    {
        if (config.Train.MicroBatches > 0)
            return;
        string earlier = Path.Combine(config.Output, "config.yaml");
        int continued = config.Train.AutoResume && new SavedStates(config.Output).Exist && File.Exists(earlier) ? PartsOf(earlier) : 0;
        config.Train.MicroBatches = continued > 0 ? continued : (int)BitOperations.RoundUpToPowerOf2((uint)workers.Size);
    }

    // The one key: a run's recipe may name files that do not lie beside it.
    private static int PartsOf(string recipe) =>
        RecipeFile.Read(recipe) is { } root
        && root.Children.TryGetValue("TRAIN", out YamlNode? train) && train is YamlMappingNode keys
        && keys.Children.TryGetValue("MICRO_BATCHES", out YamlNode? parts) && parts is YamlScalarNode { Value: { } text }
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 0;
}
