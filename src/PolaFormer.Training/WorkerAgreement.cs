using System.Security.Cryptography;
using System.Text;
using PolaFormer.Distributed;

namespace PolaFormer.Training;

/// <summary>Holds workers to the same facts, whose differences would make their weights drift apart.</summary>
internal static class WorkerAgreement
{
    /// <summary>Compares facts over all workers.</summary>
    /// <param name="workers">The workers.</param>
    /// <param name="facts">What is compared, by name.</param>
    /// <exception cref="WorkerException">On every worker: one has another value than the first; names fact, worker and machine.</exception>
    public static void Require(WorkerGroup workers, params ReadOnlySpan<(string Name, string Value)> facts)
    {
        string[] machines = workers.GatherAll(Environment.MachineName);
        foreach ((string name, string value) in facts)
        {
            string[] all = workers.GatherAll(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value))));
            int other = Array.FindIndex(all, digest => digest != all[0]);
            if (other > 0)
                throw new WorkerException($"Worker {other} on {machines[other]} has another {name} than worker 0 on {machines[0]}. Give all workers the same.");
        }
    }
}
