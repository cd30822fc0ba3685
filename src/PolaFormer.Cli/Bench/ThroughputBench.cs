using System.CommandLine;
using PolaFormer.Measurement;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Cli.Bench;

/// <summary><c>bench throughput</c>: the authors' throughput mode, images/s of inference on a recipe's batches.</summary>
internal static class ThroughputBench
{
    public static Command Create()
    {
        var recipe = new Option<string>("--cfg") { HelpName = "FILE", Description = "Recipe of a classifier; see configs/.", Required = true };
        var data = new Option<string?>("--data") { HelpName = "DIR", Description = "Its images (DATA.DATA_PATH)." };
        var batch = new Option<int?>("--batch") { HelpName = "N", Description = "Images of a batch (DATA.BATCH_SIZE).", CustomParser = Numbers.OneOrNone(int.MinValue, int.MaxValue) };
        Option<string?> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var options = new Option<string[]>("--opts") { HelpName = "KEY VALUE", Description = "Other keys and values in turn.", AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("throughput", "Measure images/s of inference on batches of a recipe's data.") { recipe, data, batch, device, threads, json, options };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            TrainingConfig config = ConfigurationReader.Read(parsed.GetValue(recipe), parsed.GetValue(options));
            config.Data.DataPath = parsed.GetValue(data) ?? config.Data.DataPath;
            config.Data.BatchSize = parsed.GetValue(batch) ?? config.Data.BatchSize;
            config.Device = parsed.GetValue(device) ?? config.Device;
            using IDisposable use = CommonOptions.UseDevice(config.Device, isMixed: config.AmpType == "bfloat16");
            Print(config, parsed.GetValue(json));
        });
        return command;
    }

    /// <summary>Measures a recipe's classifier and prints its speed.</summary>
    /// <param name="config">The recipe.</param>
    /// <param name="asJson">Whether to print JSON.</param>
    /// <exception cref="ConfigurationException">There are no data, or the recipe is of another task.</exception>
    public static void Print(TrainingConfig config, bool asJson)
    {
        if (config.Data.DataPath.Length == 0)
            throw new ConfigurationException("No data: give --data, or DATA.DATA_PATH in the recipe.");
        if (NetworkTasks.Of(config) != NetworkTask.Classification)
            throw new ConfigurationException("Throughput is measured of classifiers of images (THROUGHPUT_MODE); the recipe is of another task.");
        var measured = ThroughputMeasurement.Of(config);
        if (asJson)
            Json.Print(new { model = measured.Model, batch = measured.BatchSize, batches = measured.Batches, images_per_second = measured.ImagesPerSecond });
        else
            Console.WriteLine(FormattableString.Invariant($"{measured.Model}: batch size {measured.BatchSize}, throughput {measured.ImagesPerSecond:F1} images/s over {measured.Batches} batches"));
    }
}
