using PolaFormer.Distributed;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>Which way gradients go from worker to worker.</summary>
/// <param name="Memory">Where they add up.</param>
/// <param name="Network">What joins the devices; empty where messages go through the processor's memory or there is one worker.</param>
/// <param name="WhyNoNetwork">Why devices are not joined, a sentence; null where they are, or nothing joins such devices.</param>
internal sealed record GradientRoute(GradientMemory Memory, string Network = "", string? WhyNoNetwork = null) : IDisposable
{
    private const char Found = '+', Missing = '-';

    /// <summary>From device to device where all workers have something that joins them and a device of their own; all workers call it.</summary>
    /// <param name="workers">The workers.</param>
    /// <param name="device">This one's device.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public static GradientRoute Of(WorkerGroup workers, Device device)
    {
        if (!device.IsAsynchronous)
            return new GradientRoute(new ProcessorGradients(workers));
        if (workers.Size == 1)
            return new GradientRoute(new DeviceGradients(workers, device, links: null));
        DeviceNetwork? network = device.FindNetwork(out string whyNone);
        string[] all = workers.GatherAll(network is null ? $"{Missing}{whyNone}" : $"{Found}{network.Place} of {Environment.MachineName}");
        int without = Array.FindIndex(all, text => text[0] == Missing), second = Array.FindIndex(all, text => Array.IndexOf(all, text) != Array.LastIndexOf(all, text));
        string? reason = without >= 0 ? $"worker {without}: {all[without][1..]}"
            : second >= 0 ? $"workers {second} and {Array.LastIndexOf(all, all[second])} share {all[second][1..]}" : null;
        if (network is null || reason is not null)
            return new GradientRoute(new ProcessorGradients(workers), WhyNoNetwork: $"Gradients go from worker to worker through the processor's memory ({reason}).");
        byte[] id = network.NewId();
        workers.Broadcast(id);
        return new GradientRoute(new DeviceGradients(workers, device, network.Join(id, workers.Rank, workers.Size)), network.Name);
    }

    /// <summary>Leaves the other devices.</summary>
    public void Dispose() => Memory.Dispose();
}
