#!/usr/bin/env python3
"""Reading and pushing projects: what is stored comes back, versions decide, retries don't repeat."""
import stack
import tap


@tap.test
def real_projects_come_back_value_for_value():
    for name in ("tempest", "hamlet", "complete-works"):
        document = stack.project_data(name)
        device = stack.shared().account().device()
        stored = device.push(base=0, projectData=document).expect(200)
        got = device.pull().expect(200)
        assert got["projectData"] == document, name
        tap.equal(got["digest"], stored["digest"])
        tap.equal(device.get("/project", If_None_Match=got.headers["ETag"]).status, 304)


if __name__ == "__main__":
    raise SystemExit(tap.main())
