using System.Text.Json;
using PolaFormer.LongRange;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Conformance;

/// <summary>Steps and whole runs of the Skyformer repository, by the library's task and trainer.</summary>
internal static class ArenaRunCases
{
    /// <summary>A few steps: losses, accuracies, rates and the final weights.</summary>
    public static void RunSteps(FixtureCase fixture, Comparison comparison)
    {
        JsonElement optim = fixture.Meta.GetProperty("optim");
        bool isDual = fixture.Meta.GetProperty("dual").GetBoolean();
        int steps = fixture.ShapeOf("out.loss_per_step")[0], chunks = optim.Field("accumulation_steps")?.GetInt32() ?? 1;
        Tensor[] batches = [.. Enumerable.Range(0, steps).Select(step => LongRangeCases.Tokens(fixture, $".{step}", isDual))];
        int[] labels = [.. Enumerable.Range(0, steps).SelectMany(step => LongRangeCases.Labels(fixture, $"in.label.{step}"))];
        int size = batches[0].Shape[0];
        SequenceClassifier network = Filled(fixture, isDual);
        var rows = new Dictionary<string, (Tensor, int[])> { ["train"] = (Tensor.Concat(0, batches), labels), ["dev"] = (batches[0], labels[..size]), ["test"] = (batches[0], labels[..size]) };
        var task = RecordedArenaTask.Make(network, new ArenaProtocol(size, steps) { Chunks = chunks }, rows);
        task.Orders["train"] = [.. Enumerable.Range(0, steps).Select(step => Enumerable.Range(step * size, size).ToArray())];
        task.Orders["dev"] = [[.. Enumerable.Range(0, size)]];
        OneCycleSchedule schedule = Schedule(optim);
        InFolder(folder => new Trainer(task, Options(optim, network, schedule) with { Epochs = 1, AccumulationSteps = chunks, SaveMinutes = 0 }, folder).Run());

        comparison.Close("f64.lr", [.. Enumerable.Range(0, steps).Select(step => schedule.RateOf(step))], 1e-12 * schedule.BaseRate);
        comparison.Close("f64.beta1", [.. Enumerable.Range(0, steps).Select(step => schedule.Beta1Of(step)!.Value)], 1e-12);
        comparison.Close("out.loss_per_step", PerStep(task.Losses["train"], chunks));
        comparison.Exact("value.accu_per_step", PerStep(task.Accuracies["train"], chunks));
        HashSet<string> noise = [.. fixture.Meta.GetProperty("trajectory").Texts("ill_conditioned")];
        Dictionary<string, Tensor> state = network.StateDict().ToDictionary();
        foreach (string name in fixture.Suffixes("final."))
        {
            if (noise.Contains(name))
                comparison.Excuse($"final.{name}");
            else
                comparison.Close($"final.{name}", ForwardBackward.Widened(state[name]));
        }
    }

    /// <summary>A whole run: every batch of training, dev and test, when a network was saved, and what it achieves.</summary>
    public static void RunWhole(FixtureCase fixture, Comparison comparison)
    {
        JsonElement optim = fixture.Meta.GetProperty("optim"), run = fixture.Meta.GetProperty("run");
        bool isDual = fixture.Meta.GetProperty("dual").GetBoolean();
        int total = optim.GetProperty("total_steps").GetInt32(), every = run.GetProperty("eval_frequency").GetInt32();
        if (total % every != 0)
            throw new CapabilityMissingException($"A run of {total} steps that is evaluated every {every} steps ends with steps that no evaluation follows");
        SequenceClassifier network = Filled(fixture, isDual);
        string[] splits = ["train", "dev", "test"];
        var protocol = new ArenaProtocol(run.GetProperty("batch").GetInt32(), every) { DevBatches = run.GetProperty("num_eval_steps").GetInt32() };
        var task = RecordedArenaTask.Make(network, protocol, splits.ToDictionary(split => split, split => (LongRangeCases.Tokens(fixture, "", isDual, $"in.{split}."), LongRangeCases.Labels(fixture, $"in.{split}.label"))));
        foreach (string split in splits)
            task.Orders[split] = [.. fixture.Doubles($"aux.order.{split}").Select(row => (int)row).Chunk(fixture.ShapeOf($"aux.order.{split}")[1])];
        InFolder(folder =>
        {
            var course = new ArenaCourse(Path.Combine(folder, "best.safetensors"));
            TrainerOptions options = Options(optim, network, Schedule(optim)) with { Epochs = total / every, SaveBestAfter = protocol.SaveAfter(total), BestToBeat = 0, SaveMinutes = 0 };
            new Trainer(task, options, folder).Run(course);
            Compare(fixture, comparison, course);
        });
        foreach (string split in splits)
        {
            comparison.Close($"out.loss.{split}", PerStep(task.Losses[split], 1));
            comparison.Exact($"value.accu.{split}", PerStep(task.Accuracies[split], 1));
        }
    }

    private static void Compare(FixtureCase fixture, Comparison comparison, ArenaCourse course)
    {
        JsonElement summaries = fixture.Meta.GetProperty("summaries");
        JsonElement[] train = [.. summaries.GetProperty("train").EnumerateArray()], dev = [.. summaries.GetProperty("dev").EnumerateArray()];
        comparison.Same("number of evaluations", course.Epochs.Count, dev.Length);
        for (int i = 0; i < Math.Min(dev.Length, course.Epochs.Count); i++)
        {
            EpochResult epoch = course.Epochs[i];
            comparison.Same($"step of evaluation {i}", epoch.GlobalStep, dev[i].GetProperty("after_steps").GetInt64());
            comparison.Within("dev accuracy", epoch.Evaluation.First.Value, dev[i].GetProperty("accu").GetDouble(), 1e-9);
            comparison.Within("dev loss", epoch.Evaluation.Loss, dev[i].GetProperty("loss").GetDouble(), 2e-5 * dev[i].GetProperty("loss").GetDouble());
            comparison.Within("train accuracy", epoch.TrainMetric.Value, train[i].GetProperty("accu").GetDouble(), 1e-9);
            comparison.Within("train loss", epoch.TrainLoss, train[i].GetProperty("loss").GetDouble(), 2e-5 * train[i].GetProperty("loss").GetDouble());
        }

        comparison.SameList("steps after which a network was saved", course.SavedAfter, [.. fixture.Meta.GetProperty("saved_after_steps").EnumerateArray().Select(step => step.GetInt64())]);
        comparison.Within("test accuracy", course.Test?.First.Value ?? -1, fixture.Meta.GetProperty("test_accuracy").GetDouble(), 1e-9);
    }

    private static SequenceClassifier Filled(FixtureCase fixture, bool isDual)
    {
        SequenceClassifier network = SequenceNetwork.Of(fixture, isDual);
        FormulaValues.Fill(network, fixture.Salt);
        if (fixture.Meta.Field("head_gain") is not { } gain)
            return network;
        Tensor weight = network.StateDict().Single(entry => entry.Name == gain.Text("key")).Tensor;
        float factor = gain.GetProperty("factor").GetSingle();
        weight.CopyFrom<float>([.. weight.ToArray().Select(value => value * factor)]);
        return network;
    }

    private static OneCycleSchedule Schedule(JsonElement optim) =>
        OneCycleSchedule.FromPeak(optim.GetProperty("max_lr").GetDouble(), optim.GetProperty("warmup").GetInt64(), optim.GetProperty("total_steps").GetInt64());

    private static TrainerOptions Options(JsonElement optim, SequenceClassifier network, OneCycleSchedule schedule)
    {
        double[] betas = [.. optim.GetProperty("betas").EnumerateArray().Select(beta => beta.GetDouble())];
        return new TrainerOptions
        {
            Epochs = 1,
            Optimizer = new AdamW([new ParameterGroup([.. network.NamedParameters()], optim.GetProperty("weight_decay").GetDouble())], betas[0], betas[1], optim.GetProperty("eps").GetDouble()),
            Schedule = schedule,
            ClipGradient = optim.GetProperty("clip_grad_value").GetDouble(),
            ClipsByValue = true,
        };
    }

    // The mean of a step's parts, each counting alike, in the original's arithmetic.
    private static double[] PerStep(List<float> parts, int chunks) => [.. parts.Chunk(chunks).Select(step => (double)step.Select(part => part / chunks).Aggregate((a, b) => a + b))];

    private static void InFolder(Action<string> run)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            run(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
